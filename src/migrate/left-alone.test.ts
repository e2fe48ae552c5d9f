import { describe, expect, it } from 'vitest'
import { KUBERNETES_MAP } from './builtin-map.ts'
import { createMap } from './map.ts'
import { rewriteText } from './rewrite.ts'

// What a change would break or turn round is reported and left. A line that is to change has `→` in it, with what it
// becomes behind it; all others are to stay byte for byte.

const map = createMap(KUBERNETES_MAP)

function check(path: string, written: string): void {
  const lines = written.split('\n').map((line) => line.split(' → '))
  const before = lines.map(([old]) => old).join('\n')
  const after = lines.map(([old, young = old]) => young).join('\n')
  const rewritten = rewriteText({ path, text: before }, { map })
  expect(rewritten.refused).toBeUndefined()
  expect(rewritten.text).toBe(after)
}

describe('an override of kustomize in an object of another tool', () => {
  it.each([
    [
      "Flux's Kustomization",
      `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
spec:
  images:
    - name: k8s.gcr.io/pause
      newTag: "3.2"
    - name: k8s.gcr.io/etcd
      newName: k8s.gcr.io/etcd →       newName: registry.k8s.io/etcd
    - name: k8s.gcr.io/kube-proxy
      digest: sha256:${'a'.repeat(64)}`,
    ],
    [
      'a post-renderer of Helm',
      `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
spec:
  postRenderers:
    - kustomize: {images: [{name: k8s.gcr.io/pause, newTag: "3.2"}, {name: k8s.gcr.io/etcd, digest: "sha256:${'a'.repeat(64)}"}]}
  values: {image: {repository: k8s.gcr.io/pause, tag: "3.2"}} →   values: {image: {repository: registry.k8s.io/pause, tag: "3.2"}}`,
    ],
    [
      "Argo CD's Application",
      `apiVersion: argoproj.io/v1alpha1
kind: Application
spec:
  sources:
    - kustomize:
        images:
          - k8s.gcr.io/pause:3.2
          - k8s.gcr.io/pause=k8s.gcr.io/pause:3.2 →           - k8s.gcr.io/pause=registry.k8s.io/pause:3.2`,
    ],
    [
      'a transformer of its own',
      `apiVersion: builtin
kind: ImageTagTransformer
metadata: {name: pause}
imageTag: {name: k8s.gcr.io/pause, newTag: "3.2"}`,
    ],
  ])('%s', (_, text) => check('apps/app.yaml', text))

  it('says that a component follows those that take it', () => {
    const text = 'kind: Component\nimages:\n  - name: k8s.gcr.io/pause\n    newTag: "3.2"\n'
    const { findings } = rewriteText({ path: 'part/kustomization.yaml', text }, { map })
    expect(findings.map(({ edits, note }) => [edits, note])).toEqual([
      [[], 'it has to be what those say that take this component: change it together with them'],
    ])
  })
})

describe('what something is compared with', () => {
  it.each([
    ['.github/workflows/a.yml', `if: \${{ inputs.image == 'k8s.gcr.io/pause:3.1' }}`],
    [
      '.github/workflows/a.yml',
      `env: {I: "\${{ inputs.image || 'k8s.gcr.io/pause:3.1' }}"} → env: {I: "\${{ inputs.image || 'registry.k8s.io/pause:3.1' }}"}`,
    ],
    ['tasks/main.yml', '- assert: {that: [\'image != "k8s.gcr.io/pause:3.1"\']}'],
    ['tasks/main.yml', "x: \"{{ image | replace('k8s.gcr.io', 'registry.k8s.io') }}\""],
    ['tasks/main.yml', 'x: "{{ image is search(\'k8s.gcr.io/pause\') }}"'],
    ['templates/d.yaml', 'image: {{ .Values.image | replace "k8s.gcr.io" "registry.k8s.io" }}'],
    [
      'templates/d.yaml',
      '{{- if eq .Values.image "k8s.gcr.io/pause:3.1" }}\nimage: k8s.gcr.io/pause:3.2 → image: registry.k8s.io/pause:3.2\n{{- end }}',
    ],
    [
      'templates/d.yaml',
      'image: {{ .Values.image | default "k8s.gcr.io/pause:3.1" }} → image: {{ .Values.image | default "registry.k8s.io/pause:3.1" }}',
    ],
    ['main.tf', 'locals { a = replace(var.image, "k8s.gcr.io/pause", "registry.k8s.io/pause") }'],
    [
      'main.tf',
      'locals { a = var.x == "k8s.gcr.io/pause:3.1" ? "k8s.gcr.io/pause:3.2" : "" } → locals { a = var.x == "k8s.gcr.io/pause:3.1" ? "registry.k8s.io/pause:3.2" : "" }',
    ],
    [
      'tasks/main.yml',
      "- replace: {path: /etc/x, regexp: 'k8s.gcr.io/pause:3.1', replace: 'registry.k8s.io/pause:3.9'}",
    ],
    [
      'tasks/main.yml',
      `- lineinfile:
    regexp: 'image = "k8s.gcr.io/pause:3.1"'
    line: 'image = "k8s.gcr.io/pause:3.1"' →     line: 'image = "registry.k8s.io/pause:3.1"'`,
    ],
    ['values.yaml', 'search: {image: k8s.gcr.io/pause:3.1} → search: {image: registry.k8s.io/pause:3.1}'],
    [
      'policy.yaml',
      `apiVersion: kyverno.io/v1
kind: ClusterPolicy
spec:
  rules:
    - mutate:
        foreach:
          - preconditions: {all: [{key: "{{ registry }}", operator: Equals, value: k8s.gcr.io}]}`,
    ],
    [
      'template.yaml',
      'apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nspec:\n  targets:\n    - rego: |\n        registry := "k8s.gcr.io"\n        image := "k8s.gcr.io/pause:3.1"',
    ],
    ['Jenkinsfile', "if (image == 'k8s.gcr.io/pause:3.1') { error 'old' }"],
    ['Jenkinsfile', "image = image.replace('k8s.gcr.io/pause', 'registry.k8s.io/pause')"],
  ])('%s: %s', check)
})

describe('the old name that is given to content of the new one', () => {
  it.each([
    ['a.sh', 'docker tag registry.k8s.io/pause:3.1 k8s.gcr.io/pause:3.1'],
    ['a.sh', 'for i in pause:3.1; do\n  docker tag "registry.k8s.io/$i" "k8s.gcr.io/$i"\ndone'],
    ['a.sh', 'skopeo copy docker://registry.k8s.io/pause:3.1 docker://k8s.gcr.io/pause:3.1'],
    ['a.sh', 'ctr -n k8s.io image tag registry.k8s.io/pause@sha256:abc k8s.gcr.io/pause:3.1'],
    [
      'a.sh',
      'skopeo copy docker://k8s.gcr.io/pause:3.1 docker://acme.example/pause:3.1 → skopeo copy docker://registry.k8s.io/pause:3.1 docker://acme.example/pause:3.1',
    ],
    [
      'a.sh',
      'docker tag k8s.gcr.io/pause:3.1 registry.k8s.io/pause:3.1 → docker tag registry.k8s.io/pause:3.1 registry.k8s.io/pause:3.1',
    ],
    ['sync.yml', 'sync:\n  - source: registry.k8s.io/pause:3.9\n    target: k8s.gcr.io/pause:3.9'],
    [
      'tasks/main.yml',
      '- docker_image: {name: "registry.k8s.io/pause:3.1", repository: "k8s.gcr.io/pause:3.1"}',
    ],
    ['a.sh', 'SRC=k8s.gcr.io\nDST=registry.k8s.io\ndocker tag $DST/pause:3.1 $SRC/pause:3.1'],
    ['a.sh', 'SRC=k8s.gcr.io → SRC=registry.k8s.io\nDST=acme.example\ndocker tag $SRC/a:1 $DST/a:1'],
    [
      'Dockerfile',
      'ARG NEW_TOOL=registry.k8s.io/a:1\nFROM scratch\nCOPY --from=k8s.gcr.io/b:1 /b /b → COPY --from=registry.k8s.io/b:1 /b /b',
    ],
    [
      'values.yaml',
      'source: {image: k8s.gcr.io/pause:3.1} → source: {image: registry.k8s.io/pause:3.1}\ntarget: {image: registry.k8s.io/pause:3.1}',
    ],
    ['a.sh', 'sync --source-registry=k8s.gcr.io --target-registry=registry.k8s.io'],
    ['Makefile', 'FROM_REGISTRY ?= k8s.gcr.io\nTO_REGISTRY ?= registry.k8s.io'],
    [
      'pod.yaml',
      'env:\n- {name: SOURCE_REGISTRY, value: k8s.gcr.io}\n- name: TARGET_REGISTRY\n  value: registry.k8s.io',
    ],
    [
      'cm.yaml',
      'data:\n  hosts.toml: |\n    server = "https://k8s.gcr.io"\n    [host."https://registry.k8s.io"]\n',
    ],
    ['cm.yaml', 'data:\n  denied-images.txt: |\n    k8s.gcr.io/pause:3.1\n    k8s.gcr.io/etcd:3.4.3-0\n'],
    ['rules.yaml', 'rules:\n  - {from: k8s.gcr.io/pause, to: registry.k8s.io/pause}'],
    ['main.tf', 'locals {\n  run = <<EOT\n#!/bin/sh\ndocker tag registry.k8s.io/a:1 k8s.gcr.io/a:1\nEOT\n}'],
  ])('%s: %s', check)
})

describe('what a name says to be banned, allowed or old', () => {
  it.each([
    ['a.sh', 'BANNED=k8s.gcr.io\nDENIED_IMAGES=(k8s.gcr.io/pause:3.1 k8s.gcr.io/etcd:3.4.3-0)'],
    ['a.sh', 'OLD_REGISTRY=k8s.gcr.io\nsed -i "s#$OLD_REGISTRY#registry.k8s.io#" *.yaml'],
    ['a.sh', 'GOLD_IMAGE=k8s.gcr.io/pause:3.1 → GOLD_IMAGE=registry.k8s.io/pause:3.1'],
    ['a.sh', 'check --blocked-registries=k8s.gcr.io --image=x'],
    ['Makefile', 'OLD := k8s.gcr.io\nBANNED_REGISTRY = k8s.gcr.io'],
    ['Dockerfile', 'ARG OLD_REGISTRY=k8s.gcr.io\nFROM scratch'],
    ['rules.ini', 'blocked_registry = k8s.gcr.io\nold_image = k8s.gcr.io/pause:3.1'],
    ['main.tf', 'locals { old_registry = "k8s.gcr.io" }'],
    ['x.toml', 'old_image = "k8s.gcr.io/pause:3.1"'],
    ['values.yaml', 'legacyRegistries: [k8s.gcr.io/pause]\noldRegistry: k8s.gcr.io'],
    ['values.yaml', 'scaffoldImage: k8s.gcr.io/pause:3.1 → scaffoldImage: registry.k8s.io/pause:3.1'],
    [
      'pod.yaml',
      `apiVersion: v1
kind: Pod
spec:
  containers:
    - name: guard
      image: k8s.gcr.io/pause:3.1 →       image: registry.k8s.io/pause:3.1
      args: ["--denied-registry=k8s.gcr.io"]
      env: [{name: OLD_REGISTRY, value: k8s.gcr.io}]`,
    ],
  ])('%s: %s', check)
})

describe('an image of what has a name like that of a rule', () => {
  it.each([
    'denylistController: {image: {repository: ‹/a›, tag: v1}}',
    'trustedProxy: {image: ‹/a:v1›}',
    'blockedService: {containers: [{image: ‹/a:v1›}]}',
    'rejectService: {repository: ‹/a›, tag: v2}',
  ])('%s', (marked) => {
    const of = (registry: string) => marked.replaceAll('‹', registry).replaceAll('›', '')
    check('values.yaml', `${of('k8s.gcr.io')} → ${of('registry.k8s.io')}`)
  })
})

describe('a place of images that is written where an image could be', () => {
  it.each([
    'a: gcr.io/google_containers\nb: k8s.gcr.io/pause:3.1 → b: registry.k8s.io/pause:3.1',
    'image: {registry: gcr.io, repository: google-containers}',
  ])('%s', (text) => check('values.yaml', text))
})

it('leaves a registries.conf alone that would have a registry twice', () => {
  const text =
    '[[registry]]\nlocation = "k8s.gcr.io"\ninsecure = true\n[[registry]]\nlocation = "registry.k8s.io"\n'
  const rewritten = rewriteText({ path: 'registries.conf', text }, { map })
  expect(rewritten.text).toBe(text)
  expect(rewritten.refused).toBe('it would have the registry registry.k8s.io twice afterwards')
})

it.each([
  ['kubeadm init --image-repository k8s.gcr.io --kubernetes-version v1.22.3', 'registry.k8s.io/coredns'],
  [
    'kubeadm init --image-repository=k8s.gcr.io',
    'registry.k8s.io/coredns, unless registry.k8s.io is its own default',
  ],
  ['kubeadm init --image-repository=k8s.gcr.io --kubernetes-version=v1.19.0', undefined],
])('says what kubeadm needs besides: %s', (text, needed) => {
  const { findings } = rewriteText({ path: 'a.sh', text }, { map })
  const note = needed && `kubeadm also needs dns.imageRepository: ${needed}`
  expect(findings.map((finding) => finding.note)).toEqual([note])
})

it('leaves those alone that share a value and need it otherwise, and nothing else', () => {
  check(
    'values.yaml',
    `a: &a {registry: k8s.gcr.io, repository: coredns}
b: {<<: *a, tag: 1.7.0}
c: {<<: *a, tag: 1.3.1}
d: {registry: k8s.gcr.io, repository: pause, tag: "3.1"} → d: {registry: registry.k8s.io, repository: pause, tag: "3.1"}`,
  )
})

it('takes the global registry for nothing that has a host of its own', () => {
  check(
    'values.yaml',
    `global: {imageRegistry: k8s.gcr.io} → global: {imageRegistry: registry.k8s.io}
a: {host: k8s.gcr.io, repo: coredns, tag: 1.7.0}
b: {repository: coredns, tag: 1.7.0} → b: {repository: coredns/coredns, tag: v1.7.0}`,
  )
})
