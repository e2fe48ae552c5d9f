import { describe, expect, it } from 'vitest'
import { kubernetesReleases } from '../../src/releases/kubernetes-releases.ts'
import { readKubernetesVersion } from '../../src/releases/kubernetes-version.ts'
import { runCommand } from '../support/command.ts'
import { type KubeadmSource, readKubeadmSource } from '../support/kubeadm-source.ts'
import { makeTempFolder } from '../support/temp.ts'

/** The data was not made from these: two lie in gaps of it, and one between two that are equal. */
const VERSIONS = ['v1.27.13', 'v1.29.14', 'v1.33.3']
/** Of what lies in a gap, etcd is another one before it than after it. */
const LACKING: Readonly<Record<string, readonly string[]>> = { 'v1.27.13': ['etcd'], 'v1.29.14': ['etcd'] }
const REPOSITORIES = ['registry.k8s.io', 'mirror.example/k8s']

const read = await Promise.all(VERSIONS.map(readKubeadmSource))
const sources = read.filter((one): one is KubeadmSource => 'version' in one)
for (const one of read) if ('missing' in one) console.warn(`a version of kubeadm is skipped; ${one.missing}`)

interface Printed {
  readonly images: readonly { readonly reference: string; readonly basis: string }[]
  readonly gaps: readonly { readonly missing: readonly string[] }[]
}

async function list(version: string, repository: string) {
  await using folder = await makeTempFolder()
  const custom = repository === 'registry.k8s.io' ? [] : ['--custom-repository', repository]
  const words = ['images', '--kubernetes', version, ...custom, '--json', '--quiet']
  const { code, out } = await runCommand(words, { folder: folder.path })
  const { images, gaps }: Printed = JSON.parse(out)
  return { code, images, missing: gaps.flatMap(({ missing }) => missing) }
}

describe.skipIf(sources.length === 0)('portolan images --kubernetes', () => {
  const cases = sources.flatMap((source) => REPOSITORIES.map((repository) => ({ source, repository })))

  it.each(cases)(
    '$source.version has what kubeadm pulls from $repository, or says what it lacks',
    async ({ source, repository }) => {
      const { code, images, missing } = await list(source.version, repository)
      const references = images.map(({ reference }) => reference)
      const isMissing = (reference: string) => missing.some((name) => reference.includes(`/${name}:`))
      const expected = source.images(repository)
      expect(references).toEqual(expected.filter((reference) => !isMissing(reference)))
      expect(missing).toEqual(LACKING[source.version] ?? [])
      expect(code).toBe(missing.length === 0 ? 0 : 1)
    },
  )

  it.each(sources)('$version is marked as derived where the data does not have it', async ({ version }) => {
    const { images } = await list(version, 'registry.k8s.io')
    const isKnown = kubernetesReleases.isKnown(readKubernetesVersion(version, kubernetesReleases))
    const bases = new Set(images.map(({ basis }) => basis))
    expect(bases).toEqual(new Set(['version', isKnown ? 'data' : 'derived']))
  })

  it.each(sources)('$version pulls from the registry that lists name', ({ defaultRepository }) => {
    expect(defaultRepository).toBe('registry.k8s.io')
  })
})
