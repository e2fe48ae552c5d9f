import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodePlaces } from '../../../src/cli/node-places.ts'
import { runHosted } from '../../support/command-host.ts'
import { makeTempFolder } from '../../support/temp.ts'

/** Writes the files of a machine below a folder, and links as they would be on that machine. */
async function writeMachine(root: string, files: Record<string, string>, links: Record<string, string> = {}) {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await symlink(target, join(root, path))
  }
}

async function scanNode(files: Record<string, string>, links?: Record<string, string>) {
  await using folder = await makeTempFolder()
  await writeMachine(folder.path, files, links)
  const { code, out } = await runHosted(['scan', '--node', '--root', folder.path, '--json'], {
    folder: folder.path,
  })
  const { findings } = JSON.parse(out) as { findings: { path: string; written: string }[] }
  return {
    code,
    found: findings.map(({ path, written }) => `${path.slice(folder.path.length)} ${written}`).sort(),
  }
}

const sandbox = (tag: string) =>
  `[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "k8s.gcr.io/pause:${tag}"\n`

describe('scan --node', () => {
  it.each<[string, string, string, string]>([
    [
      'a unit of k3s',
      '/etc/systemd/system/k3s.service',
      '[Service]\nExecStart=/usr/local/bin/k3s server --pause-image=k8s.gcr.io/pause:3.5\n',
      'k8s.gcr.io/pause:3.5',
    ],
    [
      'the environment of k3s',
      '/etc/systemd/system/k3s.service.env',
      'K3S_PAUSE_IMAGE=k8s.gcr.io/pause:3.6\n',
      'k8s.gcr.io/pause:3.6',
    ],
    [
      'the environment of RKE2 from a tarball',
      '/usr/local/lib/systemd/system/rke2-agent.env',
      'PAUSE_IMAGE=k8s.gcr.io/pause:3.6\n',
      'k8s.gcr.io/pause:3.6',
    ],
    [
      "a drop-in of RKE2's unit",
      '/etc/systemd/system/rke2-server.service.d/10-pause.conf',
      '[Service]\nExecStart=/usr/local/bin/rke2 server --pause-image k8s.gcr.io/pause:3.5\n',
      'k8s.gcr.io/pause:3.5',
    ],
    [
      'microk8s',
      '/var/snap/microk8s/current/args/containerd-template.toml',
      'sandbox_image = "k8s.gcr.io/pause:3.1"\n',
      'k8s.gcr.io/pause:3.1',
    ],
    ['EKS', '/etc/eks/containerd/containerd-config.toml', sandbox('3.5'), 'k8s.gcr.io/pause:3.5'],
    ['k0s', '/etc/k0s/containerd.d/pause.toml', sandbox('3.5'), 'k8s.gcr.io/pause:3.5'],
  ])('reads %s', async (_, path, text, reference) => {
    expect(await scanNode({ [path]: text })).toEqual({ code: 1, found: [`${path} ${reference}`] })
  })

  it('reads what containerd imports, wherever it is', async () => {
    const { found } = await scanNode({
      '/etc/containerd/config.toml': 'imports = ["/etc/acme/*.toml", "conf.d/*.toml"]\n',
      '/etc/containerd/conf.d/a.toml': sandbox('3.1'),
      '/etc/acme/x.toml': `imports = ["/opt/y.toml"]\n${sandbox('3.7')}`,
      '/etc/acme/x.conf': sandbox('3.8'),
      '/opt/y.toml': sandbox('3.2'),
    })
    expect(found).toEqual([
      '/etc/acme/x.toml k8s.gcr.io/pause:3.7',
      '/etc/containerd/conf.d/a.toml k8s.gcr.io/pause:3.1',
      '/opt/y.toml k8s.gcr.io/pause:3.2',
    ])
  })

  it('follows imports through links as the machine itself would, and reads nothing outside of its root', async () => {
    const { found } = await scanNode(
      {
        '/etc/containerd/config.toml': 'imports = ["/etc/acme/*.toml", "/etc/out.toml", "/etc/loop.toml"]\n',
        '/opt/acme/x.toml': sandbox('3.7'),
      },
      {
        '/etc/acme': '/opt/acme',
        '/etc/out.toml': '../../../../../../../../etc/hostname',
        '/etc/loop.toml': 'loop.toml',
      },
    )
    expect(found).toEqual(['/opt/acme/x.toml k8s.gcr.io/pause:3.7'])
  })

  it('names each place once', async () => {
    await using folder = await makeTempFolder()
    await writeMachine(folder.path, {
      '/etc/containerd/config.toml': 'imports = ["conf.d/*.toml", "/etc/k0s/x.toml"]\n',
      '/etc/containerd/conf.d/a.toml': '',
      '/etc/k0s/x.toml': '',
      '/etc/containers/policy.json': '{}',
    })
    expect(nodePlaces(folder.path)).toEqual(
      ['/etc/containerd', '/etc/containers/policy.json', '/etc/k0s'].map((path) => join(folder.path, path)),
    )
  })
})
