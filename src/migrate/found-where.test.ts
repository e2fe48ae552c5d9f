import { expect, it } from 'vitest'
import { KUBERNETES_MAP } from './builtin-map.ts'
import { createMap } from './map.ts'
import { rewriteText } from './rewrite.ts'

const map = createMap(KUBERNETES_MAP)

// What stands between ‹ and › is an old name, and becomes the new one.
it.each([
  ['pull.sh.j2', "IMAGE={{ image | default('‹k8s.gcr.io›/pause:3.1') }}"],
  ['Dockerfile.j2', 'FROM {{ base | default("‹k8s.gcr.io›/pause:3.1") }}'],
  ['Makefile.tmpl', 'IMAGE = {{ default "‹k8s.gcr.io›/pause:3.1" .Image }}'],
  ['pull.sh', 'K=$' + '{K:-‹k8s.gcr.io›}'],
  ['pause.image', '[Image]\nImage=‹k8s.gcr.io›/pause:3.1'],
  ['values.yaml', 'a: {repository: ‹k8s.gcr.io›, image: acme/pause, tag: "3.1"}'],
  ['cm.yaml', 'data:\n  Dockerfile: |\n    FROM ‹k8s.gcr.io›/pause:3.1\n'],
  ['app.yaml', 'helm:\n  values: |\n    image: {repository: ‹k8s.gcr.io›/a, tag: v1}\n'],
  ['compose.yaml', 'services: {a: {build: {dockerfile_inline: "FROM ‹k8s.gcr.io›/pause:3.1"}}}'],
  ['tool', '#!/usr/bin/env python3\n# k8s.gcr.io/pause:3.2\nIMAGE = "‹k8s.gcr.io›/pause:3.1"'],
])('%s: %s', (path, marked) => {
  const of = (registry: string) => marked.replace(/‹[^›]*›/g, registry)
  expect(rewriteText({ path, text: of('k8s.gcr.io') }, { map, includeCode: true }).text).toBe(
    of('registry.k8s.io'),
  )
})
