import type { Format } from './found.ts'

/** How a format is told: by the path, whose separators are `/`, or by the text of a file that could be of it. */
interface Sign {
  readonly format: Format
  readonly path?: RegExp
  /** Each has to be in the text; none steps over lines, so that no text takes long. */
  readonly text?: readonly RegExp[]
}

const YAML = /\.(?:ya?ml|json)(?:\.\w+)?$/i
const TOML = /\.toml(?:\.\w+)?$/i
const UNIT = /\.(?:service|conf|env)$|(?:^|\/)(?:default|sysconfig|conf\.d)\/[^/]+$/

/** In the order in which they are tried: a name that is sure, then what the text says, then a weaker name. */
const SIGNS: readonly Sign[] = [
  { format: 'kustomize', path: /(?:^|\/)kustomization(?:\.ya?ml)?$/i },
  { format: 'compose', path: /(?:^|\/)(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/i },
  {
    format: 'ci',
    path: /(?:^|\/)(?:\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml|action\.ya?ml|\.circleci\/config\.ya?ml|\.?(?:[\w.-]+[.-])?gitlab-ci(?:[.-][\w-]+)*\.ya?ml|\.gitlab\/.+\.ya?ml|azure-pipelines[\w.-]*\.ya?ml|bitbucket-pipelines\.ya?ml|\.drone\.ya?ml|\.woodpecker(?:\/.+)?\.ya?ml|\.travis\.ya?ml|cloudbuild[\w.-]*\.ya?ml)$/i,
  },
  {
    format: 'dockerfile',
    path: /(?:^|\/)(?:(?:docker|container)file(?:[.-][^/]*)?|[^/]+\.(?:docker|container)file)$/i,
  },
  { format: 'makefile', path: /(?:^|\/)(?:gnu)?makefile(?:\.[\w-]+)?$|\.mk$/i },
  { format: 'terraform', path: /\.(?:tf|tfvars|hcl|nomad)$/i },
  { format: 'containerd', path: /(?:^|\/)(?:hosts\.toml|containerd\/.*\.toml(?:\.\w+)?)$/ },
  { format: 'containerd', path: TOML, text: [/io\.containerd\.|^[ \t]*sandbox_image[ \t]*=/m] },
  {
    format: 'registries-conf',
    path: /(?:^|\/)(?:registries\.conf|registries\.conf\.d\/[^/]+|[\w-]*shortnames\.conf)$/,
  },
  { format: 'crio', path: /(?:^|\/)crio(?:\.conf)?(?:\.d\/[^/]+)?$|(?:^|\/)crio[\w.-]*\.conf$/ },
  { format: 'crio', path: /\.(?:conf|toml)$/, text: [/^[ \t]*\[crio\.image\]|^[ \t]*pause_image[ \t]*=/m] },
  { format: 'docker-daemon', path: /(?:^|\/)daemon\.json$/ },
  { format: 'cri-dockerd', path: UNIT, text: [/\bcri-dockerd\b|\bCRI_DOCKERD/] },
  {
    format: 'kubelet',
    path: /(?:^|\/)(?:kubeadm-flags\.env|kubelet(?:\.service(?:\.d\/[^/]+)?|\.env)?|[\w-]*kubeadm\.conf)$/,
  },
  { format: 'kubelet', path: UNIT, text: [/--(?:pod-infra-container|pause)-image/] },
  { format: 'k3s', path: /(?:^|\/)registries\.ya?ml$/, text: [/^(?:mirrors|configs):/m] },
  { format: 'k3s', path: /(?:^|\/)rancher\/(?:k3s|rke2)\/config\.ya?ml(?:\.d\/[^/]+)?$/ },
  { format: 'talos', path: YAML, text: [/^machine:/m, /^version:[ \t]*["']?v1alpha1/m] },
  { format: 'kops', path: YAML, text: [/^[ \t]*"?apiVersion"?:[ \t]*"?kops(?:\.k8s\.io)?\//m] },
  {
    format: 'cluster-api',
    path: YAML,
    text: [/^[ \t]*"?apiVersion"?:[ \t]*"?(?:[\w-]+\.)?cluster\.x-k8s\.io\//m],
  },
  { format: 'kubeadm', path: YAML, text: [/^[ \t]*"?apiVersion"?:[ \t]*"?kubeadm\.k8s\.io\//m] },
  { format: 'helm-template', path: /(?:^|\/)templates\/.*\.(?:ya?ml|tpl|txt|json)$/i, text: [/\{\{/] },
  { format: 'kubernetes', path: YAML, text: [/^[ \t]*"?apiVersion"?:|"apiVersion"\s*:/m] },
  // Any other YAML is read by its keys, as values of charts are.
  { format: 'helm-values', path: /\.ya?ml$|(?:^|\/)values[\w.-]*\.json$/i },
  {
    format: 'shell',
    path: /\.(?:sh|bash|zsh|ksh|envrc)$|(?:^|\/)(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env|\.bashrc|\.profile)$/i,
  },
  { format: 'shell', text: [/^#!\s*\/\S*?(?:\/env\s+(?:-S\s+)?)?(?:ba|da|z|k|a)?sh\b/] },
]

/**
 * What a file is taken for, by its path and, where that is not enough, by its text. `text` for what no other finder
 * reads.
 */
export function formatOf(path: string, text: string): Format {
  const sign = SIGNS.find(
    (one) =>
      (one.path === undefined || one.path.test(path)) &&
      (one.text ?? []).every((pattern) => pattern.test(text)),
  )
  return sign?.format ?? 'text'
}
