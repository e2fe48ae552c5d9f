import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'

const SECRET = 'sEcReT'

/** Settings with a login wherever people put one. */
const SETTINGS: Readonly<Record<string, string>> = {
  'etc/containerd/config.toml':
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n',
  'etc/containerd/certs.d/registry.example/hosts.toml': `server = "https://bob:${SECRET}@registry.example"
[host."https://bob:${SECRET}@mirror.example/v2/v2"]
capabilities = ["pull"]
`,
  'etc/docker/daemon.json': JSON.stringify({
    'registry-mirrors': [`https://bob:${SECRET}@mirror.example/path`],
    'insecure-registries': [`bob:${SECRET}@mirror.example`],
  }),
  'etc/containers/registries.conf': `[[registry]]
prefix = "registry.example"
location = "bob:${SECRET}@registry.example"
[[registry.mirror]]
location = "bob:${SECRET}@mirror.example"
`,
}

test.each([[[]], [['--json']]])(
  'a check of the settings of a machine tells nobody the logins in them, %j',
  async (words) => {
    await using folder = await makeTempFolder()
    for (const [file, text] of Object.entries(SETTINGS)) {
      await mkdir(dirname(join(folder.path, file)), { recursive: true })
      await writeFile(join(folder.path, file), text)
    }
    const { code, out, err } = await runHosted(['node-config', '--check', '--root', folder.path, ...words], {
      folder: folder.path,
    })
    expect(code).toBe(1)
    expect(out).toContain('mirror.example')
    expect(out).toContain('registry.example')
    expect(`${out}${err}`).not.toContain(SECRET)
  },
)
