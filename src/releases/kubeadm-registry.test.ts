import { expect, it } from 'vitest'
import { hasNestedCoreDns, kubeadmRegistry } from './kubeadm-registry.ts'

it.each([
  ['1.20.9', 'k8s.gcr.io', false],
  ['1.21.14', 'k8s.gcr.io', true],
  ['1.22.16', 'k8s.gcr.io', true],
  ['1.22.17', 'registry.k8s.io', true],
  ['1.23.14', 'k8s.gcr.io', true],
  ['1.23.15', 'registry.k8s.io', true],
  ['1.24.3', 'k8s.gcr.io', true],
  ['1.24.9', 'registry.k8s.io', true],
  ['1.25.0', 'registry.k8s.io', true],
  ['1.37.1', 'registry.k8s.io', true],
])('kubeadm %s pulls from %s by itself', (text, registry, nested) => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  expect(kubeadmRegistry({ major, minor, patch })).toBe(registry)
  expect(hasNestedCoreDns({ major, minor })).toBe(nested)
})
