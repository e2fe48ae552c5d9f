/** Where in a text a value stands: offsets in UTF-16 code units, the quotes around it not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** How sure it is that a value is a reference that something pulls. */
export type Confidence = 'certain' | 'likely' | 'text'

/** What a file or an API object was taken for; it is shown to people and in SARIF, and picks the finder. */
export type Format =
  | 'kubernetes'
  | 'helm-values'
  | 'helm-template'
  | 'kustomize'
  | 'kubeadm'
  | 'kubelet'
  | 'containerd'
  | 'crio'
  | 'registries-conf'
  | 'cri-dockerd'
  | 'docker-daemon'
  | 'k3s'
  | 'talos'
  | 'kops'
  | 'cluster-api'
  | 'dockerfile'
  | 'compose'
  | 'terraform'
  | 'ci'
  | 'makefile'
  | 'shell'
  | 'text'

/**
 * An image reference, or the part of one that names a registry, as it is written in a text. One value holds all of it
 * (`whole`), or several hold its parts, as in Helm values; a part that is not written is absent. `registry` is a host,
 * or a host with the first part of the path, as in kubeadm's `imageRepository`.
 *
 * What is found knows nothing of maps: which references are to change is decided elsewhere.
 */
export interface Found {
  readonly format: Format
  readonly parts: {
    readonly whole?: Part
    readonly registry?: Part
    readonly repository?: Part
    readonly tag?: Part
    readonly digest?: Part
  }
  /** What it belongs to, such as `Deployment/web container app` or `value image.repository`. */
  readonly owner: string
  readonly confidence: Confidence
  /** What a tool itself puts behind a registry that stands alone, such as kubeadm's `coredns/coredns`. */
  readonly implies?: string
  /** Why it is to be reported and never edited. */
  readonly fixed?: string
}

/** One value of a text. */
export interface Part {
  readonly span: Span
  /** As it is meant: quotes and escapes undone. Equal to the text of its span unless `escaped`. */
  readonly value: string
  /** The text of the span is not the value itself (escapes, folding): such a part is reported and never edited. */
  readonly escaped?: true
}

/** A text to look through. */
export interface SourceText {
  /** As it is shown to people; its name and folder help to tell the format. */
  readonly path: string
  readonly text: string
}

/** Finds references of one format; gives them in the order of the text. Never throws: what it cannot parse has none. */
export type Finder = (source: SourceText) => readonly Found[]
