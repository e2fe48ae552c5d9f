/** Where in a text a value stands: offsets in UTF-16 code units, the quotes around it not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * How sure it is that a value is a reference that something pulls. `code` is a string of a program that is one as a
 * whole, `text` whatever looks like one, in comments and prose too.
 */
export type Confidence = 'certain' | 'likely' | 'code' | 'text'

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
  | 'ansible'
  | 'cloud-init'
  | 'toml'
  | 'ini'
  | 'unit'
  | 'policy'
  | 'image-list'
  | 'program'
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
  /** It is where kubeadm gets CoreDNS from, to which it puts an end of its own. */
  readonly dns?: KubeadmDns
  /** Why it is to be reported and never edited. */
  readonly fixed?: string
  /** It is one end of a redirect; these are the registries at the others. */
  readonly beside?: readonly string[]
  /** It says what may be pulled and what not, and pulls nothing. */
  readonly guard?: Guard
  /** It only uses a registry that is found by itself: it is not reported, but it has to stay what it is. */
  readonly isUse?: true
  /** It has to say what these resources of a kustomization say. */
  readonly follows?: Bases
}

/** An entry of a policy. */
export interface Guard {
  readonly kind: 'ban' | 'allow'
  /** The other entries of the same list, as they are written. */
  readonly others: readonly string[]
}

/** What a kustomization is made of, as it is written there. */
export interface Bases {
  readonly resources: readonly string[]
  /** Why it can not be told what that says, where nothing here leads to it. */
  readonly unknown?: string
}

/** What is known of the kubeadm that reads a config. */
export interface KubeadmDns {
  /** The Kubernetes version of the config, as it is written. */
  readonly version?: string
  /** The version of the config's own API, such as `v1beta2`. */
  readonly api: string
  /** It is the repository of DNS itself, and not the one of all that DNS is looked for in too. */
  readonly isOwn: boolean
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

/** A stretch of a text that could not be read as what it is. */
export interface Unread {
  readonly start: number
  readonly reason: string
  /** It is a template, of which the lines were read; nothing is wrong with it. */
  readonly template?: true
}

/** What a finder is lent. */
export interface FinderTools {
  /** Finds in a text within the text, by the format that it is; places are those of the text within. */
  findWithin(inner: EmbeddedText): readonly Found[]
  /** Told what could not be read. */
  unread(what: Unread): void
  /** Whether a part of a long text may hold what is looked for; all may without it. */
  readonly isRelevant?: ((part: string) => boolean) | undefined
}

/** A text within a text. */
export interface EmbeddedText {
  readonly text: string
  /** The name of the file that it is to be, if something says it. */
  readonly name?: string
  /** A shell runs it, unless it is something else by its looks. */
  readonly isScript?: boolean
}

/** For a finder alone, as in tests: what is within texts is passed over. */
export const NO_TOOLS: FinderTools = { findWithin: () => [], unread() {} }

/** Finds references of one format; gives them in the order of the text. Never throws: what it cannot parse has none. */
export type Finder = (source: SourceText, tools?: FinderTools) => readonly Found[]
