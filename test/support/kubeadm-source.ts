import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram, run } from './programs.ts'

/** What the source of kubeadm says that it pulls, as its `images.go` puts that together. */
export interface KubeadmSource {
  /** Such as `v1.33.3`. */
  readonly version: string
  /** Its `imageRepository` unless a config says another. */
  readonly defaultRepository: string
  /** The images of a cluster whose `imageRepository` is this, in the order of `kubeadm config images list`. */
  images(repository: string): readonly string[]
}

const MODULE = 'k8s.io/kubernetes'

/** Reads kubeadm of a version by Go and its module proxy; `missing` says why it cannot be read here. */
export async function readKubeadmSource(
  version: string,
): Promise<KubeadmSource | { readonly missing: string }> {
  const go = findProgram('go')
  if (go === undefined) return { missing: 'not on this machine: go' }
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' }
  const { stdout, code } = await run(go, ['mod', 'download', '-json', `${MODULE}@${version}`], {
    env,
    timeout: 100_000,
  })
  const { Dir: folder, Error: reason }: { Dir?: string; Error?: string } = JSON.parse(
    stdout.toString() || '{}',
  )
  if (code !== 0 || folder === undefined) {
    return { missing: `go cannot download ${MODULE}@${version}: ${reason ?? 'it took too long'}` }
  }
  const source = (path: string) => readFile(join(folder, 'cmd/kubeadm/app', path), 'utf8')
  const [constants, images, defaults] = await Promise.all([
    source('constants/constants.go'),
    source('images/images.go'),
    source('apis/kubeadm/v1beta3/defaults.go'),
  ])
  return sourceOf(version, { constants, images, defaults })
}

function sourceOf(
  version: string,
  { constants, images, defaults }: Readonly<Record<'constants' | 'images' | 'defaults', string>>,
): KubeadmSource {
  const defaultRepository = constantOf(defaults, 'DefaultImageRepository')
  const [, minor] = /^v1\.(\d+)\./.exec(version)!
  const etcdVersions = /SupportedEtcdVersion = map\[uint8\]string\{([^}]*)\}/.exec(constants)![1]!
  const etcd = new RegExp(`\\b${minor}:\\s*"([^"]+)"`).exec(etcdVersions)![1]!
  const coredns = constantOf(constants, 'CoreDNSVersion')
  const pause = constantOf(constants, 'PauseVersion')
  // What this list is put together by; another form of it would have to be read anew.
  const rules = [
    'if dnsImageRepository == kubeadmapiv1beta3.DefaultImageRepository {',
    'if dnsImageRepository == kubeadmapiv1.DefaultImageRepository {',
  ]
  if (
    !rules.some((rule) => images.includes(rule)) ||
    !images.includes('Sprintf("%s/coredns", dnsImageRepository)')
  ) {
    throw new Error(`images.go of ${version} names CoreDNS in a way that this test does not know`)
  }
  return {
    version,
    defaultRepository,
    images(repository) {
      const dns = repository === defaultRepository ? `${repository}/coredns` : repository
      return [
        ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'].map(
          (name) => `${repository}/${name}:${version}`,
        ),
        `${dns}/coredns:${coredns}`,
        `${repository}/pause:${pause}`,
        `${repository}/etcd:${etcd}`,
      ]
    },
  }
}

function constantOf(source: string, name: string): string {
  const [, value] = new RegExp(`\\b${name}\\s*=\\s*"([^"]+)"`).exec(source) ?? []
  if (value === undefined) throw new Error(`the source of kubeadm has no ${name}`)
  return value
}
