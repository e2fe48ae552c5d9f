import { hasNestedCoreDns, kubeadmRegistry } from './kubeadm-registry.ts'
import type { KubernetesReleases } from './kubernetes-releases.ts'
import { formatKubernetesVersion, type KubernetesVersion } from './kubernetes-version.ts'

/** The images of kubeadm, in the order of `kubeadm config images list`. */
const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'] as const
const OTHERS = ['coredns', 'pause', 'etcd'] as const

/** What kubeadm pulls. */
export type ReleaseComponent = (typeof CONTROL_PLANE)[number] | (typeof OTHERS)[number]

/** An image that kubeadm of one version pulls. */
export interface ReleaseImage {
  readonly component: ReleaseComponent
  /** With its registry and tag. */
  readonly reference: string
  /** Where it is had from, if the reference is that of another registry. */
  readonly origin?: string
  /**
   * Whether its tag is the version itself, is in the data, or is what the versions around it in the data have, since
   * that one was not read.
   */
  readonly basis: 'version' | 'data' | 'derived'
}

/** What is known of the images of one version. */
export interface ReleaseImages {
  /** Such as `v1.33.2`. */
  readonly version: string
  readonly images: readonly ReleaseImage[]
  /** What kubeadm pulls too, and of which the tag is not known. */
  readonly missing: readonly ReleaseComponent[]
  /** Where kubeadm pulls from by itself, if it is none of the references' registries. */
  readonly pullsFrom?: string
  /** Why something is missing or derived. */
  readonly gap?: string
}

/** Where all of it is had from: what older ones of kubeadm name, `k8s.gcr.io`, is frozen, and has no more than this one. */
export const REGISTRY = 'registry.k8s.io'

/**
 * What kubeadm of a version pulls from `registry.k8s.io`, or from `repository` (HOST/PATH) where its config says
 * `imageRepository`: CoreDNS has another name there.
 */
export function releaseImages(
  version: KubernetesVersion,
  releases: KubernetesReleases,
  repository?: string,
): ReleaseImages {
  const text = formatKubernetesVersion(version)
  const { known, gap } = tagsOf(version, releases)
  const missing: ReleaseComponent[] = []
  const images: ReleaseImage[] = []
  for (const component of [...CONTROL_PLANE, ...OTHERS]) {
    const ofVersion = isControlPlane(component)
    const tag = ofVersion ? text : known[component]
    if (tag === undefined) {
      missing.push(component)
      continue
    }
    const origin = `${REGISTRY}/${nameBelowDefault(component, version)}:${tag}`
    const reference =
      repository === undefined ? origin : `${repository}/${nameBelow(repository, component, version)}:${tag}`
    images.push({
      ...{ component, reference },
      ...(reference !== origin && { origin }),
      basis: ofVersion ? 'version' : gap !== undefined && !releases.isKnown(version) ? 'derived' : 'data',
    })
  }
  const own = kubeadmRegistry(version)
  return {
    ...{ version: text, images, missing },
    ...(repository === undefined && own !== REGISTRY && { pullsFrom: own }),
    ...(gap !== undefined && { gap }),
  }
}

/** What an upgrade brings. */
export interface UpgradeImages {
  readonly added: readonly ReleaseImage[]
  readonly dropped: readonly ReleaseImage[]
  readonly kept: readonly ReleaseImage[]
}

/**
 * What one version pulls that another one does not, by their references. Where the tag of the later one is not known,
 * neither is whether that of the earlier one is dropped.
 */
export function compareReleases(from: ReleaseImages, to: ReleaseImages): UpgradeImages {
  const namesOf = ({ images }: ReleaseImages) => new Set(images.map(({ reference }) => reference))
  const [before, after] = [namesOf(from), namesOf(to)]
  return {
    added: to.images.filter(({ reference }) => !before.has(reference)),
    dropped: from.images.filter(
      ({ component, reference }) => !after.has(reference) && !to.missing.includes(component),
    ),
    kept: to.images.filter(({ reference }) => before.has(reference)),
  }
}

function tagsOf(version: KubernetesVersion, releases: KubernetesReleases) {
  if (version.prerelease !== undefined) {
    return { known: {}, gap: `nothing is known of ${formatKubernetesVersion(version)}, which is no release` }
  }
  const { gap, ...known } = releases.images(version)
  return { known, gap }
}

function isControlPlane(component: ReleaseComponent): component is (typeof CONTROL_PLANE)[number] {
  return CONTROL_PLANE.some((one) => one === component)
}

function nameBelowDefault(component: ReleaseComponent, version: KubernetesVersion): string {
  return component === 'coredns' && hasNestedCoreDns(version) ? 'coredns/coredns' : component
}

/** Only below its own default, whichever that is, does kubeadm look for `coredns/coredns`. */
function nameBelow(repository: string, component: ReleaseComponent, version: KubernetesVersion): string {
  return repository === kubeadmRegistry(version) ? nameBelowDefault(component, version) : component
}
