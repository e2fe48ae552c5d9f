import type { Format } from './found.ts'

/** How a format is told: by the path, whose separators are `/`, or by the text of a file that could be of it. */
interface Sign {
  readonly format: Format
  readonly path?: RegExp
  /** Each has to be in the text; none steps over lines, so that no text takes long. */
  readonly text?: readonly RegExp[]
}

/** What stands behind the name that a file has once a tool has made it of a template. */
const SUFFIX =
  /\.(?:j2|jinja2?|tmpl|tmp|gotmpl|tpl|default|template|in|erb|ejs|example|sample|dist|orig|base)$/i
const SUFFIXES_MAX = 3

const YAML = /\.(?:ya?ml|json|manifest)(?:\.\w+)?$/i
const TOML = /\.toml(?:\.\w+)?$/i
const UNIT = /\.(?:service|conf|env)$|(?:^|\/)(?:default|sysconfig|conf\.d)\/[^/]+$/
/** What is told by the beginning of its text alone: names without an end that says something. */
const ANY = /(?:^|\/)[^/.]+$|\.(?:conf|cfg|config|manifest|txt|list|data|userdata|part|addon|\d[\w.-]*)$|^$/i
const PROGRAM =
  /\.(?:go|py|pyi|jsonnet|libsonnet|star|bzl|bazel|nix|groovy|gradle|kts?|java|scala|rb|rs|[cm]?[jt]sx?|cs|php|cue|dhall|lua|swift|exs?|pl|jl)$|(?:^|\/)(?:BUILD|WORKSPACE|Tiltfile|Vagrantfile|Rakefile)(?:\.\w+)?$/

/** A line that is an image and nothing else. */
const IMAGE_LINE =
  /^[ \t]*["']?(?:[a-z0-9-]+\.)+[a-z0-9-]+(?::\d+)?\/[\w./-]+(?::[\w.-]+)?(?:@sha256:[a-f0-9]{64})?["']?[ \t]*\r?$/im

/** In the order in which they are tried: a name that is certain, then what the text says, then a weaker name. */
const SIGNS: readonly Sign[] = [
  // A script may hold documents of any other format, and so may what a machine begins with.
  { format: 'shell', text: [/^#!\s*\/\S*?(?:\/env\s+(?:-S\s+)?)?(?:ba|da|z|k|a)?sh\b/] },
  { format: 'cloud-init', text: [/^(?:## *template: *jinja\b.*\r?\n)?#cloud-config\b/i] },
  { format: 'kustomize', path: /(?:^|\/)kustomization(?:\.ya?ml)?$/i },
  { format: 'compose', path: /(?:^|\/)(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/i },
  {
    format: 'ci',
    path: /(?:^|\/)(?:\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml|action\.ya?ml|\.circleci\/config\.ya?ml|\.?(?:[\w.-]+[.-])?gitlab-ci(?:[.-][\w-]+)*\.ya?ml|\.gitlab\/.+\.ya?ml|azure-pipelines[\w.-]*\.ya?ml|bitbucket-pipelines\.ya?ml|\.drone\.ya?ml|\.woodpecker(?:\/.+)?\.ya?ml|\.travis\.ya?ml|cloudbuild[\w.-]*\.ya?ml|(?:[\w.-]+\.)?Jenkinsfile(?:[.-][\w-]+)?)$/i,
  },
  {
    format: 'dockerfile',
    path: /(?:^|\/)(?:(?:docker|container)file(?:[.-][^/]*)?|[^/]+\.(?:docker|container)file)$/i,
  },
  { format: 'makefile', path: /(?:^|\/)(?:gnu)?makefile(?:\.[\w-]+)?$|\.mk$/i },
  { format: 'terraform', path: /\.(?:tf|tfvars|hcl|nomad)$/i },
  {
    format: 'containerd',
    path: /(?:^|\/)(?:hosts\.toml|containerd\/.*\.toml(?:\.\w+)?|containerd[\w.-]*\.toml)$/,
  },
  {
    format: 'containerd',
    path: ANY,
    text: [/^[ \t]*\[+[ \t]*["']?plugins["']?[ \t]*\.[ \t]*["']?io\.containerd\./m],
  },
  { format: 'containerd', path: TOML, text: [/io\.containerd\.|^[ \t]*sandbox_image[ \t]*=/m] },
  {
    format: 'registries-conf',
    path: /(?:^|\/)(?:registries\.conf|registries\.conf\.d\/[^/]+|[\w-]*shortnames\.conf)$/,
  },
  { format: 'policy', path: /(?:^|\/)policy\.json$/, text: [/"transports"|"default"/] },
  { format: 'crio', path: /(?:^|\/)crio(?:\.conf)?(?:\.d\/[^/]+)?$|(?:^|\/)crio[\w.-]*\.conf$/ },
  {
    format: 'crio',
    path: /\.(?:conf|toml)$|^$/,
    text: [/^[ \t]*\[crio\.image\]|^[ \t]*pause_image[ \t]*=/m],
  },
  { format: 'registries-conf', path: /\.(?:conf|toml)$|^$/, text: [/^[ \t]*\[\[registry\]\]/m] },
  { format: 'docker-daemon', path: /(?:^|\/)daemon\.json$/ },
  { format: 'cri-dockerd', path: UNIT, text: [/\bcri-dockerd\b|\bCRI_DOCKERD/] },
  {
    format: 'kubelet',
    path: /(?:^|\/)(?:kubeadm-flags\.env|kubelet(?:\.service(?:\.d\/[^/]+)?|\.env)?|[\w-]*kubeadm\.conf)$/,
  },
  { format: 'kubelet', path: UNIT, text: [/--pod-infra-container-image/] },
  { format: 'unit', path: /\.(?:service|socket|timer|container|pod|kube)$|\.service\.d\/[^/]+$/ },
  { format: 'unit', path: /\.(?:image|build|volume)$/, text: [/^\[(?:Image|Build|Volume)\]/m] },
  { format: 'unit', path: /\.conf$|^$/, text: [/^\[(?:Service|Unit)\]/m, /^(?:Exec\w+|Environment)=/m] },
  {
    format: 'k3s',
    path: /(?:^|\/)registries\.ya?ml$/,
    text: [/^[ \t{]*["']?(?:mirrors|configs)["']?[ \t]*:/m],
  },
  { format: 'k3s', path: /(?:^|\/)rancher\/(?:k3s|rke2)\/config\.ya?ml(?:\.d\/[^/]+)?$/ },
  { format: 'talos', path: YAML, text: [/^machine:/m, /^version:[ \t]*["']?v1alpha1/m] },
  { format: 'kops', path: YAML, text: [/^[ \t]*["']?apiVersion["']?:[ \t]*["']?kops(?:\.k8s\.io)?\//m] },
  {
    format: 'cluster-api',
    path: YAML,
    text: [/^[ \t]*["']?apiVersion["']?:[ \t]*["']?(?:[\w-]+\.)?cluster\.x-k8s\.io\//m],
  },
  { format: 'kubeadm', path: YAML, text: [/^[ \t]*["']?apiVersion["']?:[ \t]*["']?kubeadm\.k8s\.io\//m] },
  { format: 'helm-template', path: /(?:^|\/)templates\/.*\.(?:ya?ml|tpl|txt|json)$/i, text: [/\{\{/] },
  { format: 'kubernetes', path: YAML, text: [/^[ \t]*["']?apiVersion["']?[ \t]*:|["']apiVersion["']\s*:/m] },
  {
    format: 'kubernetes',
    path: ANY,
    text: [/^["']?apiVersion["']?:[ \t]*["']?[\w./-]+/m, /^["']?kind["']?:[ \t]*["']?\w+/m],
  },
  {
    format: 'ansible',
    path: /(?:^|\/)(?:tasks|handlers|playbooks?|roles|group_vars|host_vars)\/.*\.ya?ml$/i,
  },
  // Any other YAML and JSON is read by its keys, as values of charts are.
  { format: 'helm-values', path: /\.(?:ya?ml|json|json5|jsonc|tfstate|webmanifest)$/i },
  { format: 'toml', path: /\.toml$/i },
  {
    format: 'shell',
    path: /\.(?:sh|bash|zsh|ksh|envrc|bats)$|(?:^|\/)(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env|\.bashrc|\.profile)$/i,
  },
  { format: 'program', path: PROGRAM },
  { format: 'program', text: [/^#!.*\b(?:python|ruby|perl|node|deno|bun|groovy|php|lua)[\d.]*\b/] },
  {
    format: 'ini',
    path: /\.(?:ini|properties|cfg|cnf|conf|desktop|editorconfig)$|(?:^|\/)(?:default|sysconfig)\/[^/]+$/i,
  },
  { format: 'image-list', path: /\.(?:txt|list|lst|csv|images?)$|(?:^|\/)[^/.]+$/i, text: [IMAGE_LINE] },
]

/** The path under which a template's result is known: `kubelet.env.j2` is `kubelet.env`. */
export function knownPath(path: string): string {
  let known = path
  for (let count = 0; count < SUFFIXES_MAX && SUFFIX.test(known); count++) {
    const shorter = known.replace(SUFFIX, '')
    if (/(?:^|\/)$/.test(shorter)) return known
    known = shorter
  }
  return known
}

/**
 * What a file is taken for, by its path, template suffixes left out, and, where that is not enough, by its text. `text`
 * for what no other finder reads.
 */
export function formatOf(path: string, marked: string): Format {
  const text = marked.startsWith('\uFEFF') ? marked.slice(1) : marked
  const isTemplate = /(?:^|\/)templates\/.*\.(?:ya?ml|tpl|txt|json)$/i.test(path) && text.includes('{{')
  if (isTemplate) return 'helm-template'
  const known = knownPath(path)
  const sign = SIGNS.find(
    (one) =>
      (one.path === undefined || one.path.test(known)) &&
      (one.text ?? []).every((pattern) => pattern.test(text)),
  )
  return sign?.format ?? 'text'
}

/** What a text without a name that says something is by its looks; `undefined` for what looks like nothing. */
export function looksLike(text: string): Format | undefined {
  if (
    /^\s*(?:\[+[\w."' -]+\]+[ \t]*(?:#[^\n]*)?$|[\w."-]+[ \t]*=[ \t]*(?:["'[{]|true|false|\d))/m.test(text)
  ) {
    if (!/^\s*[\w."'-]+:(?:\s|$)/.test(text)) return 'toml'
  }
  if (/^\s*[{[]/.test(text)) return 'helm-values'
  return /^[ \t]*(?:-[ \t]+)*["']?[\w./-]+["']?:(?:[ \t]|\r?$)/m.test(text) || /^[ \t]*-[ \t]+\S/m.test(text)
    ? 'helm-values'
    : undefined
}
