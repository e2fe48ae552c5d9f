// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the files, not of this one
import { describe, expect, it } from 'vitest'
import { parseAllDocuments, type ToStringOptions, visit } from 'yaml'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { createMap } from '../../../src/migrate/map.ts'
import { rewriteText } from '../../../src/migrate/rewrite.ts'

// What stands between ‹ and › is a reference that has to be changed; nothing else may be.

const map = createMap(KUBERNETES_MAP)

const KINDS: Readonly<Record<string, readonly (readonly [path: string, text: string])[]>> = {
  'a value under any key': [
    ['pod.yaml', 'apiVersion: v1\nkind: Pod\nspec:\n  acmeThing: ‹k8s.gcr.io/acme/a:v1›\n'],
    [
      'values.yaml',
      'acme:\n  - one: ["‹k8s.gcr.io/acme/a:v1›"]\n    note: see k8s.gcr.io/acme/b:v1 for more\n',
    ],
    [
      'pod.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    acme.example/sidecar: ‹k8s.gcr.io/acme/a@sha256:0000000000000000000000000000000000000000000000000000000000000000›\n',
    ],
    [
      'pod.yaml',
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      args: [--a, "--acme=‹k8s.gcr.io/acme/b:v1›", "-x=‹k8s.gcr.io/acme/c:v1›"]\n',
    ],
    [
      'pod.yaml',
      'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      command: ["/bin/bash", "-ec", "docker run --rm ‹k8s.gcr.io/acme/b:v1› sh && echo done at k8s.gcr.io/acme/x"]\n',
    ],
    ['values.json', '{"acme": {"thing": "‹k8s.gcr.io/acme/a:v1›", "url": "https://k8s.gcr.io/acme/a"}}\n'],
  ],
  'text in YAML': [
    [
      'cm.yaml',
      'apiVersion: v1\nkind: ConfigMap\ndata:\n  pull: |\n    #!/bin/sh\n    for i in ‹k8s.gcr.io/acme/a:v1› ‹k8s.gcr.io/acme/b:v1›; do\n      docker pull $i\n    done\n',
    ],
    [
      'cm.yaml',
      'apiVersion: v1\nkind: ConfigMap\ndata:\n  acme.ini: |\n    [acme]\n    image = ‹k8s.gcr.io/acme/a:v1›\n  Dockerfile: |\n    FROM ‹k8s.gcr.io/acme/b:v1› AS x\n    RUN true\n',
    ],
    [
      'cm.json',
      '{"apiVersion":"v1","kind":"ConfigMap","data":{"run.sh":"set -e\\ndocker pull ‹k8s.gcr.io/acme/a:v1›\\n"}}\n',
    ],
    [
      'cluster.yaml',
      'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\ncontainerdConfigPatches:\n  - |-\n    [plugins."io.containerd.grpc.v1.cri"]\n      sandbox_image = "‹k8s.gcr.io/pause:3.1›"\n',
    ],
    [
      'x.yaml',
      '#cloud-config\nwrite_files:\n- content: |\n    [Service]\n    ExecStart=/usr/bin/docker run ‹k8s.gcr.io/acme/a:v1›\n  path: /etc/systemd/system/acme.service\nruncmd:\n  - [docker, pull, "‹k8s.gcr.io/acme/b:v1›"]\n',
    ],
    ['v.yaml', 'extra: |\n  {"image": "‹k8s.gcr.io/acme/y:v1›"}\nnotes: |\n  once at k8s.gcr.io/acme/y:v1\n'],
  ],
  Ansible: [
    [
      'roles/a/tasks/main.yml',
      '- name: pull k8s.gcr.io/acme/a:v1\n  ansible.builtin.command:\n    cmd: crictl pull ‹k8s.gcr.io/acme/a:v1›\n',
    ],
    [
      'roles/a/defaults/main.yml',
      'acme_repo: "{{ kube_repo | default(\'‹k8s.gcr.io›\', true) }}/acme"\nother: "{{ \'k8s.gcr.io\' in images }}"\n',
    ],
    [
      'playbook.yml',
      '- hosts: all\n  tasks:\n    - docker_image: name=‹k8s.gcr.io/acme/a:v1› source=pull\n    - docker_container:\n        image: "‹k8s.gcr.io/acme/b›:{{ tag }}"\n',
    ],
    [
      'tasks/x.yml',
      '- ansible.builtin.shell: |\n    set -e\n    ctr -n k8s.io images pull ‹k8s.gcr.io/acme/a:v1›\n  with_items:\n    - { repo: "‹k8s.gcr.io/acme/c›", tag: v1 }\n',
    ],
  ],
  compose: [
    [
      'compose.yaml',
      'services:\n  a:\n    command: ["--image", "‹k8s.gcr.io/acme/a:v1›"]\n    environment:\n      - ACME=‹k8s.gcr.io/acme/b:v1›\n      - DOCS=see k8s.gcr.io/acme/b:v1\n',
    ],
    [
      'docker-compose.override.yml',
      'x-env: &env\n  ACME_IMAGE: ‹k8s.gcr.io/acme/b:v1›\nservices:\n  a: { environment: { <<: *env } }\n',
    ],
    [
      'compose.yml',
      'services:\n  a:\n    build:\n      args:\n        - BASE=‹k8s.gcr.io/acme/c:v1›\n      additional_contexts:\n        - base=docker-image://‹k8s.gcr.io/acme/d:v1›\n    labels: ["acme.image=‹k8s.gcr.io/acme/e:v1›"]\n',
    ],
  ],
  Dockerfile: [
    ['Dockerfile', 'ARG R=‹k8s.gcr.io›\nARG V=1\nFROM $R/acme/a:$V\n'],
    [
      'Dockerfile',
      'ARG BASE="‹k8s.gcr.io/acme/a:v1›"\nFROM ${BASE}\nENTRYPOINT ["/a", "--pause", "‹k8s.gcr.io/pause:3.1›"]\n',
    ],
    [
      'web.Dockerfile',
      'FROM scratch\nENV A=1 PAUSE=‹k8s.gcr.io/pause:3.1›\nENV B ‹k8s.gcr.io/acme/b:v1›\nCMD docker run ‹k8s.gcr.io/acme/c:v1›\nLABEL note="see k8s.gcr.io/acme/d"\n',
    ],
  ],
  Terraform: [
    [
      'main.tf',
      'variable "i" {\n  default = {\n    "a" = "‹k8s.gcr.io/acme/a:v1›", "b" : "‹k8s.gcr.io/acme/b:v1›"\n  }\n}\n',
    ],
    [
      'main.tf',
      'locals {\n  image = var.x != "" ? var.x : "‹k8s.gcr.io/acme/a:v1›"\n  y = join("/", ["‹k8s.gcr.io›", "acme", "b"])\n}\n',
    ],
    [
      'main.tf',
      'locals {\n  registry = "‹k8s.gcr.io›"\n  a = "${local.registry}/acme/a:v1"\n  b = "${var.b ? "‹k8s.gcr.io/acme/c:v1›" : "x"}"\n}\n',
    ],
    [
      'main.tf',
      'resource "x" "y" {\n  user_data = <<-EOT\n    #!/bin/bash\n    docker pull ‹k8s.gcr.io/acme/a:v1›\n  EOT\n  yaml = <<EOT\nimage: ‹k8s.gcr.io/acme/b:v1›\nEOT\n}\n',
    ],
    [
      'main.tf',
      'locals {\n  registry = "gcr.io"\n  repository = "google-containers/pause"\n  other = "${local.registry}/mine/own:v1"\n}\n',
    ],
  ],
  Make: [
    ['Makefile', 'ACME ?= ‹k8s.gcr.io›\nall:\n\tdocker build -t $(ACME)/a .\n'],
    [
      'rules.mk',
      'all test: export BASE := ‹k8s.gcr.io/acme/a:v1›\nX := $(shell docker inspect ‹k8s.gcr.io/acme/b:v1› | head -1)\n',
    ],
    [
      'Makefile',
      'IMAGES = a b \\\n  ‹k8s.gcr.io/acme/a:v1› \\\n  ‹k8s.gcr.io/acme/b:v1›\n# k8s.gcr.io/acme/c:v1\n\t@docker pull ‹k8s.gcr.io/acme/d:v1›\n',
    ],
  ],
  CI: [
    [
      '.github/workflows/a.yaml',
      'jobs:\n  a:\n    steps:\n      - run: |\n          echo "ACME=‹k8s.gcr.io/acme/i:v1›" >> "$GITHUB_ENV"\n          echo "pulling k8s.gcr.io/acme/i:v1"\n',
    ],
    [
      '.github/workflows/b.yml',
      'jobs:\n  a:\n    container: ‹k8s.gcr.io/acme/c:v1›\n    steps:\n      - uses: acme/build@v1\n        with:\n          build-args: |\n            BASE=‹k8s.gcr.io/acme/a:v1›\n            OTHER=1\n',
    ],
    [
      'Jenkinsfile',
      "pipeline {\n  agent { docker { image '‹k8s.gcr.io/acme/a:v1›' } }\n  stages { stage('x') { steps { sh 'docker pull ‹k8s.gcr.io/acme/b:v1›' } } }\n  // k8s.gcr.io/acme/c:v1\n}\n",
    ],
    [
      '.gitlab-ci.yml',
      'variables:\n  ACME: ‹k8s.gcr.io/acme/a:v1›\nx:\n  image: { name: "‹k8s.gcr.io/acme/b:v1›", entrypoint: [""] }\n  before_script:\n    - crane copy ‹k8s.gcr.io/acme/c:v1› x.example/c\n',
    ],
  ],
  templates: [
    [
      'templates/a.yaml',
      '{{- if .Values.x }}\nimage: "‹k8s.gcr.io/acme/a:v1›"\n{{- else }}\nimage: {{ .Values.r | default "‹k8s.gcr.io›" }}/acme/b\n{{- end }}\n',
    ],
    [
      'templates/b.yaml',
      'spec: {containers: [{name: a, image: "‹k8s.gcr.io/acme/a›:{{ .Values.tag }}", args: ["--x={{ .x }}", "--y=‹k8s.gcr.io/acme/b:v1›"]}]}\n',
    ],
    [
      'templates/_x.tpl',
      '{{- define "a" }}{{ printf "‹k8s.gcr.io/acme/a›:%s" .tag }}{{ end }}\n{{- define "b" -}}\n"‹k8s.gcr.io/acme/b:v1›"\n{{- end -}}\n',
    ],
    [
      'conf.yaml.erb',
      'image: ‹k8s.gcr.io/acme/a›:<%= @tag %>\n<% if @x %>\nother: ‹k8s.gcr.io/acme/b:v1›\n<% end %>\n',
    ],
    [
      'templates/c.yaml',
      'image: {{ if eq .Values.r "k8s.gcr.io" }}‹k8s.gcr.io/acme/a:v1›{{ else }}{{ .x }}{{ end }}\n',
    ],
  ],
  'names of files': [
    [
      'config.toml.j2',
      '[plugins."io.containerd.grpc.v1.cri"]\n{% if x %}\n  sandbox_image = "‹k8s.gcr.io/pause:3.1›"\n{% endif %}\n',
    ],
    ['acme.yaml.default', 'acme: ‹k8s.gcr.io/acme/a:v1›\n'],
    [
      'etcd.manifest',
      '# made\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: ‹k8s.gcr.io/etcd:3.4.3-0›\n',
    ],
    [
      '10-acme.conf',
      '[Service]\nEnvironment="ACME=--image=‹k8s.gcr.io/acme/a:v1›"\nExecStart=\nExecStart=/usr/bin/kubelet --pod-infra-container-image ‹k8s.gcr.io/pause:3.1›\n',
    ],
    ['images.txt', '# list\n‹k8s.gcr.io/acme/a:v1›\nquay.io/a/b:v1\n‹k8s.gcr.io/acme/b:v1›\n'],
    ['acme.properties', 'acme.image=‹k8s.gcr.io/acme/a:v1›\nnote=see k8s.gcr.io/acme/b\n'],
    ['run', '#!/usr/bin/env bash\ndocker pull ‹k8s.gcr.io/acme/a:v1›\n'],
    ['package.json', '{"acme": {"image": "‹k8s.gcr.io/acme/a:v1›"}}\n'],
  ],
  aliases: [
    ['values.yaml', 'image: ‹eu.gcr.io/google_containers/pause:3.1›\n'],
    ['x.sh', 'docker pull ‹asia.gcr.io/google-containers/pause:3.1›\ndocker pull us.gcr.io/mine/pause:3.1\n'],
    ['values.yaml', 'a: {image: {registry: ‹us.gcr.io/google-containers›, repository: pause, tag: "3.1"}}\n'],
  ],
  'custom resources': [
    [
      'a.yaml',
      'apiVersion: config.openshift.io/v1\nkind: ImageDigestMirrorSet\nmetadata: {name: x}\nspec:\n  imageDigestMirrors:\n    - source: ‹k8s.gcr.io/acme›\n      mirrors: [m.acme.example/k8s]\n',
    ],
    [
      'b.yaml',
      'apiVersion: acme.example/v1\nkind: Runner\nmetadata: {name: x}\nspec:\n  parameters:\n    - name: ACME_REGISTRY\n      value: ‹k8s.gcr.io›\n    - name: host\n      value: k8s.gcr.io\n',
    ],
    [
      'c.yaml',
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n  source:\n    helm:\n      values: |\n        image:\n          repository: ‹k8s.gcr.io/acme/a›\n      valuesObject:\n        acme: ‹k8s.gcr.io/acme/b:v1›\n',
    ],
    [
      'd.yaml',
      'apiVersion: operators.coreos.com/v1alpha1\nkind: ClusterServiceVersion\nmetadata: {name: x, annotations: {containerImage: "‹k8s.gcr.io/acme/a:v1›"}}\nspec: {relatedImages: [{name: a, image: "‹k8s.gcr.io/acme/b:v1›"}]}\n',
    ],
  ],
  shell: [
    ['a.sh', 'HUB="‹gcr.io/google-containers›"\ndocker pull $HUB/pause:3.1\n'],
    [
      'a.sh',
      'IMAGES=(\n  "‹k8s.gcr.io/acme/a:v1›"\n  [1]=‹k8s.gcr.io/acme/b:v1›\n)\nlocal x=${2:-‹k8s.gcr.io/acme/c:v1›}\n',
    ],
    [
      'a.sh',
      'cat <<EOF | kubectl apply -f -\nimage: ‹k8s.gcr.io/acme/a:v1›\nEOF\necho "see k8s.gcr.io/acme/b:v1"\n',
    ],
    ['a.sh', 'printf "%s\\n" "‹k8s.gcr.io/acme/h:v1›" "‹k8s.gcr.io/acme/i:v1›" | xargs -n1 crictl pull\n'],
  ],
  'shapes of values': [
    ['values.yaml', 'image:\n  host: k8s.gcr.io\n  hub: ‹k8s.gcr.io›\n  image: acme/b\n  tag: v1\n'],
    ['values.yaml', 'defaultRegistry: ‹k8s.gcr.io›\nimageRepositoryPrefix: ‹k8s.gcr.io/acme›/\n'],
    [
      'values.yaml',
      'images:\n  a: {name: ‹k8s.gcr.io/acme/a›, newTag: v1}\n  list: "‹k8s.gcr.io/acme/b:v1›,‹k8s.gcr.io/acme/c:v1›"\n',
    ],
    ['values.yaml', 'a:\n  registryUrl: https://‹k8s.gcr.io›\n  homepage: https://k8s.gcr.io\n'],
  ],
  'broken documents': [
    ['a.yaml', 'a: "\n---\nimage: ‹k8s.gcr.io/acme/a:v1›\n'],
    ['a.yaml', 'image: ‹k8s.gcr.io/acme/a:v1›\n---\n{ a\n---\nacme: ‹k8s.gcr.io/acme/b:v1›\n'],
    ['a.yaml', 'a:\n  x: 1\n x: 2\nimage: ‹k8s.gcr.io/acme/a:v1›\n'],
  ],
  CoreDNS: [
    ['values.yaml', 'image: ‹k8s.gcr.io/coredns›:latest\n'],
    ['a.sh', 'docker pull ‹k8s.gcr.io/coredns›:${V}\n'],
    [
      'kubeadm.yaml',
      'apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\nkubernetesVersion: v1.19.4\ndns: {imageRepository: ‹k8s.gcr.io›}\n',
    ],
    [
      'kubeadm.yaml',
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.31.0\nimageRepository: ‹k8s.gcr.io›\n',
    ],
  ],
  'redirects are left': [
    ['certs.d/k8s.gcr.io/hosts.toml', 'server = "https://registry.k8s.io"\n[host."https://m.example"]\n'],
    [
      'certs.d/k8s.gcr.io/hosts.toml',
      'server = "https://k8s.gcr.io"\n[host."https://registry.k8s.io/v2"]\n  override_path = true\n',
    ],
    [
      'containerd/config.toml',
      '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."k8s.gcr.io"]\n  endpoint = ["https://m.example", "https://registry.k8s.io"]\n',
    ],
    ['registries.conf', '[[registry]]\nprefix = "k8s.gcr.io"\nlocation = "registry.k8s.io"\n'],
    [
      't.yaml',
      'version: v1alpha1\nmachine:\n  registries:\n    mirrors:\n      k8s.gcr.io:\n        endpoints: ["https://registry.k8s.io"]\n',
    ],
    [
      'i.yaml',
      'apiVersion: config.openshift.io/v1\nkind: ImageTagMirrorSet\nspec: {imageTagMirrors: [{source: k8s.gcr.io, mirrors: [registry.k8s.io]}]}\n',
    ],
  ],
  'bans and allow-lists are left': [
    [
      'p.yaml',
      'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec:\n  rules:\n    - validate:\n        pattern:\n          spec:\n            containers:\n              - image: "!k8s.gcr.io/*"\n',
    ],
    [
      'p.yaml',
      'apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nspec:\n  parameters:\n    repos: ["k8s.gcr.io/acme/", "x.example"]\n',
    ],
    [
      'policy.json',
      '{"default":[{"type":"reject"}],"transports":{"docker":{"k8s.gcr.io":[{"type":"insecureAcceptAnything"}]}}}\n',
    ],
    [
      'i.yaml',
      'apiVersion: config.openshift.io/v1\nkind: Image\nspec: {registrySources: {allowedRegistries: [k8s.gcr.io]}, allowedRegistriesForImport: [{domainName: k8s.gcr.io}]}\n',
    ],
    [
      'values.yaml',
      'admission:\n  denyImages:\n    - k8s.gcr.io/acme/a:v1\n  blockedRegistries: [k8s.gcr.io]\n',
    ],
    ['main.tf', 'locals {\n  denied_images = ["k8s.gcr.io/acme/a:v1"]\n}\n'],
    ['.hadolint.yaml', 'trustedRegistries:\n  - k8s.gcr.io\n'],
  ],
  'keys that would stand twice': [
    [
      'registries.yaml',
      'mirrors:\n  "k8s.gcr.io": {endpoint: ["https://a.example"]}\n  "registry.k8s.io": {endpoint: ["https://b.example"]}\n',
    ],
    ['certs.d/a.example/hosts.toml', '[host."https://k8s.gcr.io"]\n[host."https://registry.k8s.io"]\n'],
    [
      'kind.yaml',
      'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\ncontainerdConfigPatches:\n  - |-\n    [plugins."io.containerd.grpc.v1.cri".registry.mirrors."k8s.gcr.io"]\n      endpoint = ["https://a.example"]\n    [plugins."io.containerd.grpc.v1.cri".registry.mirrors."registry.k8s.io"]\n      endpoint = ["https://b.example"]\n',
    ],
  ],
  programs: [
    [
      'main.go',
      'package a\n\n// "k8s.gcr.io/acme/c:v1"\nconst image = "‹k8s.gcr.io/acme/a:v1›"\nvar x = fmt.Sprintf("‹k8s.gcr.io/acme/b›:%s", v) + "see k8s.gcr.io/acme/d"\n',
    ],
    [
      'a.py',
      'IMAGE = \'‹k8s.gcr.io/acme/a:v1›\'  # k8s.gcr.io/acme/b:v1\n"""docs say k8s.gcr.io/acme/c"""\n',
    ],
    ['a.libsonnet', '{ image: "‹k8s.gcr.io/acme/a:v1›", other:: \'‹k8s.gcr.io/acme/b:v1›\' }\n'],
    ['BUILD.bazel', 'container_pull(name = "a", image = "‹k8s.gcr.io/acme/a:v1›")\n'],
    ['a.nix', "{ image = \"‹k8s.gcr.io/acme/a:v1›\"; text = ''k8s.gcr.io''; }\n"],
  ],
}

const input = (marked: string) => marked.replace(/[‹›]/g, '')
const expected = (marked: string) =>
  marked.replace(/‹([^›]*)›/g, (_, reference: string) =>
    reference.replace(
      /^(?:k8s\.gcr\.io|(?:(?:us|eu|asia)\.)?gcr\.io\/(?:google[-_]containers|k8s-artifacts-prod))/,
      'registry.k8s.io',
    ),
  )

/** YAML that its writer writes otherwise; what is none stays as it is. */
function rendered(path: string, text: string, options: ToStringOptions): string {
  if (!/\.ya?ml$/.test(path) || /\{\{-|<%|^#!|^#cloud/m.test(text)) return text
  const documents = parseAllDocuments(text, { version: '1.2', schema: 'failsafe' })
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return text
  for (const document of documents) {
    visit(document, {
      Collection: (_, node) => {
        delete node.flow
      },
    })
  }
  return documents.map((document) => document.toString({ lineWidth: 0, ...options })).join('---\n')
}

/** Ways to write the same otherwise. */
const MUTATIONS: Readonly<Record<string, (path: string, text: string) => string>> = {
  'as it is': (_, text) => text,
  'with CRLF': (path, text) => (/Makefile|\.mk$/.test(path) ? text : text.replaceAll('\n', '\r\n')),
  'with other keys': (_, text) => text.replace(/acme(?=[\w.]*[ ]?[:=])/gi, 'zulu').replaceAll('ACME', 'ZULU'),
  'indented deeper': (path, text) => rendered(path, text, { indent: 4, collectionStyle: 'block' }),
  'in brackets': (path, text) => rendered(path, text, { collectionStyle: 'flow' }),
  'with another alias': (_, text) =>
    text.replace(/‹k8s\.gcr\.io\/(?!coredns)/g, '‹us.gcr.io/k8s-artifacts-prod/'),
}

describe.each(Object.entries(KINDS))('%s', (kind, cases) => {
  describe.each(cases.map(([path, text], index) => ({ name: `${index} ${path}`, path, text })))(
    '$name',
    ({ path, text }) => {
      it.each(Object.entries(MUTATIONS))('%s', (_, mutate) => {
        const marked = mutate(path, text)
        const source = { path, text: input(marked) }
        const rewritten = rewriteText(source, { map, includeCode: true })
        expect(rewritten.text).toBe(expected(marked))
        expect(rewriteText({ path, text: rewritten.text }, { map, includeCode: true }).edits).toEqual([])
        if (!marked.includes('‹') && !kind.startsWith('redirects')) expect(rewritten.findings).not.toEqual([])
      })
    },
  )
})
