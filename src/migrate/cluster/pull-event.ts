import { z } from 'zod'

/** An event that says that a pod cannot pull. */
export interface PullEvent {
  /** `shop/web-1`. */
  readonly pod: string
  readonly namespace: string
  /** The container, as `spec.containers{app}`; '' for all of the pod. */
  readonly field: string
  /** `ErrImagePull`, `ImagePullBackOff`, `FailedCreatePodSandBox` and the like. */
  readonly reason: string
  /** As the event names it; absent where it names none. */
  readonly image?: string
  /** What the runtime said, where that is told: without what differs from one try to the next. */
  readonly message?: string
  /** How often it was said. */
  readonly count: number
  /** RFC 3339, of the cluster's clocks; '' where nothing says it. */
  readonly lastSeen: string
}

const TIME = z.string().nullish()
const EVENT = z.object({
  metadata: z.object({ creationTimestamp: TIME }),
  involvedObject: z.object({
    kind: z.literal('Pod'),
    namespace: z.string(),
    name: z.string(),
    fieldPath: z.string().nullish(),
  }),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  count: z.number().int().nullish(),
  ...{ firstTimestamp: TIME, lastTimestamp: TIME, eventTime: TIME },
  // What is made through events.k8s.io counts here.
  series: z.object({ count: z.number().int().nullish(), lastObservedTime: TIME }).nullish(),
})

/** Longer ones end with a page that some proxy sent; what happened stands behind several names of the image. */
const MESSAGE_MAX = 1500
const NAME_MAX = 512
/** Before the message of an event that stands for many (client-go's event correlator). */
const COMBINED = '(combined from similar events): '

/** The kubelet's own words (pkg/kubelet/images, pkg/kubelet/kuberuntime), and which reason they stand for. */
const WORDS: readonly { readonly words: RegExp; readonly reason?: string }[] = [
  {
    words: /^Failed to pull image "(?<image>[^"]*)"(?:: (?<message>.*))?$/s,
    reason: 'ErrImagePull',
  },
  {
    words: /^Back-off pulling image "(?<image>[^"]*)"(?:: (?:ErrImagePull: )?(?<message>.*))?$/s,
    reason: 'ImagePullBackOff',
  },
  {
    words: /^Container image "(?<image>[^"]*)" is not present with pull policy of Never/,
    reason: 'ErrImageNeverPull',
  },
  {
    words: /^Failed to apply default image tag "(?<image>[^"]*)": (?<message>.*)$/s,
    reason: 'InvalidImageName',
  },
  {
    words:
      /^Error: (?<reason>ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ImageInspectError|RegistryUnavailable|SignatureValidationFailed)\b/,
  },
]
/** How runtimes name the image that each pod begins with: containerd and cri-dockerd between quotes, CRI-O as a URL. */
const SANDBOX_IMAGE = /(?:sandbox|pull\w*(?: and unpack)?) image "([^"]+)"|\bdocker:\/\/([\w.\-/:@]+[\w])/

/** Reads an item of a list of events; `undefined` for what says nothing about pulls. */
export function readPullEvent(item: unknown): PullEvent | undefined {
  const { data } = EVENT.safeParse(item)
  if (data === undefined) return undefined
  const { involvedObject, series, metadata, eventTime, firstTimestamp, lastTimestamp, count } = data
  const { namespace, name, fieldPath } = involvedObject
  const text = data.message ?? ''
  const words = text.startsWith(COMBINED) ? text.slice(COMBINED.length) : text
  const said = /^FailedCreatePodSandBox$/i.test(data.reason ?? '') ? sandbox(words) : understand(words)
  if (said === undefined) return undefined
  return {
    ...{ pod: `${namespace}/${name}`, namespace, field: fieldPath ?? '', ...said },
    count: Math.max(1, series?.count ?? count ?? 1),
    lastSeen:
      series?.lastObservedTime ??
      lastTimestamp ??
      eventTime ??
      firstTimestamp ??
      metadata.creationTimestamp ??
      '',
  }
}

function understand(text: string): Pick<PullEvent, 'reason' | 'image' | 'message'> | undefined {
  for (const { words, reason } of WORDS) {
    const groups = words.exec(text)?.groups
    if (groups === undefined) continue
    const { image, message } = groups
    return {
      reason: reason ?? groups.reason!,
      ...(image && { image: image.slice(0, NAME_MAX) }),
      ...(message && { message: plain(message) }),
    }
  }
  return undefined
}

/** A sandbox fails for other reasons too, such as its network: of interest is one whose image is named. */
function sandbox(text: string): Pick<PullEvent, 'reason' | 'image' | 'message'> | undefined {
  const match = SANDBOX_IMAGE.exec(text)
  const image = match?.[1] ?? match?.[2]
  if (image === undefined) return undefined
  return { reason: 'FailedCreatePodSandBox', image: image.slice(0, NAME_MAX), message: plain(text) }
}

/**
 * On one line, short, without what is secret (a signed URL's query, a password) and what makes each try another one: the port that
 * it was made from, ids of sandboxes, the pod that a sandbox was for.
 */
function plain(message: string): string {
  const text = message
    .slice(0, 2 * MESSAGE_MAX)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/\?[^\s"]+/g, '?…')
    .replace(/:\/\/[^\s/@"]+@/g, '://…@')
    .replace(/(?:[\d.]+|\[[\da-f:.]+\]):\d+->/g, '')
    .replace(/(?<![:\w])[\da-f]{64}\b/g, '…')
    .replace(/sandbox with name "[^"]*"/g, 'sandbox')
    .replace(/sandbox for pod "[^"]*"/g, 'sandbox')
    .trim()
  return text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX - 1)}…` : text
}
