/** What a `User-Agent` names, by its first match: those that name a library come after those that name themselves. */
const FAMILIES = [
  ['containerd', /^containerd\//],
  ['docker', /^docker(?:-client)?\//i],
  ['buildkit', /buildkit/],
  ['cri-o', /^cri-o\//i],
  ['podman', /^(?:podman|libpod)\//],
  ['buildah', /^buildah\//i],
  ['skopeo', /^skopeo\//],
  ['containers-image', /github\.com\/containers\/image|^containers\//],
  ['cosign', /^cosign\//],
  ['crane', /^crane\//],
  ['helm', /^helm\//i],
  ['oras', /^oras/],
  ['regclient', /reg(?:client|ctl|sync|bot)/],
  ['kaniko', /kaniko/],
  ['spegel', /spegel/],
  ['portolan', /^portolan/],
  ['go-containerregistry', /go-containerregistry/],
  ['curl', /^curl\//],
  ['browser', /^mozilla\//i],
] as const

/** Kinds of clients: a closed set, fit for a metric's label. */
export type AgentFamily = (typeof FAMILIES)[number][0] | 'none' | 'other'

/** How much of a header is looked at. */
const HEADER_MAX = 256

/** The kind of client that a `User-Agent` names. */
export function agentFamily(header: string | undefined): AgentFamily {
  if (header === undefined || header === '') return 'none'
  const text = header.slice(0, HEADER_MAX)
  return FAMILIES.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'
}
