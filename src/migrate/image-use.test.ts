import { describe, expect, it } from 'vitest'
import { formatReference } from '../oci/reference.ts'
import { findReferences } from './find.ts'
import { imageUseOf } from './image-use.ts'

const usesOf = (path: string, text: string) =>
  findReferences({ path, text }).flatMap((found) => {
    const use = imageUseOf(found)
    if (use === undefined) return []
    return [use.kind === 'image' ? formatReference(use.reference) : `? ${use.written}`]
  })

const pod = (image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: ${image}\n`
const DIGEST = `sha256:${'a'.repeat(64)}`

describe('the images that a text has pulled', () => {
  it.each([
    ['nginx:1.27', ['docker.io/library/nginx:1.27']],
    ['busybox', ['docker.io/library/busybox:latest']],
    ['grafana/grafana:12.0', ['docker.io/grafana/grafana:12.0']],
    ['quay.io/acme/c', ['quay.io/acme/c:latest']],
    [`ghcr.io/acme/b:1@${DIGEST}`, [`ghcr.io/acme/b:1@${DIGEST}`]],
    ['localhost:5000/a:1', ['localhost:5000/a:1']],
  ])('of a pod: %s', (image, expected) => {
    expect(usesOf('pod.yaml', pod(image))).toEqual(expected)
  })

  it.each([
    ['values.yaml', 'image: {repository: nginx, tag: "1.27"}', ['docker.io/library/nginx:1.27']],
    // As helm create writes it.
    ['values.yaml', 'image:\n  repository: nginx\n  pullPolicy: IfNotPresent\n  tag: ""\n', ['? nginx']],
    ['values.yaml', 'image:\n  repository: nginx\n', ['? nginx']],
    ['values.yaml', 'image: nginx:1.27', ['docker.io/library/nginx:1.27']],
    ['values.yaml', 'image: {registry: quay.io, repository: a/b, tag: v1}', ['quay.io/a/b:v1']],
    // The chart's appVersion is its tag.
    ['values.yaml', 'image: {repository: ghcr.io/acme/side}', ['? ghcr.io/acme/side']],
    ['values.yaml', 'global: {imageRegistry: r.example}', ['? r.example']],
    ['values.yaml', 'chart: {repository: https://charts.example/x, version: 1.0.0}', []],
    ['values.yaml', 'updates: {repository: main, enabled: true}', []],
    [
      'kubeadm.yaml',
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nimageRepository: r.example/k8s\n',
      ['? r.example/k8s'],
    ],
    // An API version is no image, though it looks like one.
    [
      'thing.yaml',
      'apiVersion: acme.example/v1\nkind: Thing\nspec: {image: quay.io/a/b:1}\n',
      ['quay.io/a/b:1'],
    ],
    ['compose.yaml', 'services: {db: {image: "postgres:16"}}\n', ['docker.io/library/postgres:16']],
    [
      'Dockerfile',
      'FROM golang:1.24 AS build\nFROM scratch\nCOPY --from=build /a /b\n',
      ['docker.io/library/golang:1.24'],
    ],
    [
      'kustomization.yaml',
      'images: [{name: nginx, newName: m.example/nginx, newTag: "1.28"}]\n',
      ['m.example/nginx:1.28'],
    ],
    ['.gitlab-ci.yml', 'test:\n  image: node:24\n  script: [npm test]\n', ['docker.io/library/node:24']],
    [
      'pods.json',
      JSON.stringify({
        kind: 'List',
        items: [{ kind: 'Pod', spec: { containers: [{ name: 'a', image: 'nginx:1' }] } }],
      }),
      ['docker.io/library/nginx:1'],
    ],
    ['crlf.yaml', `\uFEFF${pod('nginx:1').replaceAll('\n', '\r\n')}`, ['docker.io/library/nginx:1']],
    ['kustomization.yaml', 'images: [{name: nginx, newTag: "1.28"}]\n', ['docker.io/library/nginx:1.28']],
    [
      'kustomization.yaml',
      'images: [{name: old, newName: redis, newTag: "8"}]\n',
      ['docker.io/library/redis:8'],
    ],
    ['kustomization.yaml', 'images: [{name: old, newName: acme/redis}]\n', ['? acme/redis']],
    ['policy.yaml', 'note: see k8s.gcr.io for more\n', []],
  ])('of %s: %s', (path, text, expected) => {
    expect(usesOf(path, text)).toEqual(expected)
  })
})
