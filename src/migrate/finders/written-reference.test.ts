// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of shells, which are what is read here
import { expect, it } from 'vitest'
import { readReference, type Surroundings } from './written-reference.ts'

/** What a text is read as, in short, each part checked to stand where it says. */
function read(text: string, surroundings: Surroundings = {}): string | undefined {
  const parts = readReference(text, { start: 0, end: text.length }, surroundings)
  if (parts === undefined) return undefined
  return Object.entries(parts)
    .map(([name, { span, value }]) => {
      expect(text.slice(span.start, span.end)).toBe(value)
      return `${name}=${value}`
    })
    .join(' ')
}

it.each([
  ['k8s.gcr.io/pause', 'whole=k8s.gcr.io/pause'],
  ['k8s.gcr.io:443/a/b/c:1', 'whole=k8s.gcr.io:443/a/b/c:1'],
  ['K8S.GCR.IO/pause', 'whole=K8S.GCR.IO/pause'],
  ['docker://k8s.gcr.io/pause:3.2', 'whole=k8s.gcr.io/pause:3.2'],
  [`k8s.gcr.io/pause:3.2@sha256:${'a'.repeat(64)}`, `whole=k8s.gcr.io/pause:3.2@sha256:${'a'.repeat(64)}`],
  ['k8s.gcr.io/pause:${TAG}', 'whole=k8s.gcr.io/pause'],
  ['k8s.gcr.io/pause:v1.${MINOR}', 'whole=k8s.gcr.io/pause'],
  ['k8s.gcr.io/pause@{{ .digest }}', 'whole=k8s.gcr.io/pause'],
  ['k8s.gcr.io/$(NAME):1', 'registry=k8s.gcr.io'],
  ['k8s.gcr.io/kube-$NAME:1', 'registry=k8s.gcr.io'],
  ['gcr.io/google_containers/%s:1', 'registry=gcr.io/google_containers'],
  ['k8s.gcr.io/"$NAME"', 'registry=k8s.gcr.io'],
  ['${IMAGE:-k8s.gcr.io/pause:3.2}', 'whole=k8s.gcr.io/pause:3.2'],
  ['${IMAGE-${OTHER:-k8s.gcr.io/pause}}', 'whole=k8s.gcr.io/pause'],
  ['${REGISTRY:-k8s.gcr.io}/pause:3.2', 'registry=k8s.gcr.io repository=pause tag=3.2'],
  ['${REGISTRY:=k8s.gcr.io/a}/$NAME', 'registry=k8s.gcr.io/a'],
  ['k8s.gcr.io', undefined],
  ['k8s.gcr.io/', undefined],
  ['nginx:1.25', undefined],
  ['$REGISTRY/pause:3.2', undefined],
  ['k8s.gcr.io$SUFFIX/pause', undefined],
  ['https://k8s.gcr.io/pause', undefined],
  ['see k8s.gcr.io/pause', undefined],
  ['k8s.gcr.io/Pause', undefined],
  [`k8s.gcr.io/${'a'.repeat(2000)}`, undefined],
])('reads %s', (text, expected) => {
  expect(read(text)).toBe(expected)
})

it.each([
  ['k8s.gcr.io', 'registry=k8s.gcr.io'],
  ['k8s.gcr.io/', 'registry=k8s.gcr.io'],
  ['k8s.gcr.io:443', 'registry=k8s.gcr.io:443'],
  ['gcr.io/google-containers', 'registry=gcr.io/google-containers'],
  ['${REGISTRY:-k8s.gcr.io}', 'registry=k8s.gcr.io'],
  ['registry', undefined],
  ['https://k8s.gcr.io', undefined],
])('reads %s as a registry', (text, expected) => {
  expect(read(text, { registry: true })).toBe(expected)
})

it('lets the host be left out where the value is an image for certain', () => {
  expect(read('nginx:1.25', { hostless: true })).toBe('whole=nginx:1.25')
})
