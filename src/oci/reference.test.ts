import { describe, expect, it } from 'vitest'
import { formatReference, parseReference } from './reference.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('parseReference', () => {
  it.each([
    ['registry.k8s.io/pause:3.9', { host: 'registry.k8s.io', name: 'pause', tag: '3.9' }],
    ['registry.k8s.io/coredns/coredns', { host: 'registry.k8s.io', name: 'coredns/coredns' }],
    ['localhost/app', { host: 'localhost', name: 'app' }],
    ['localhost:5000/app:1', { host: 'localhost:5000', name: 'app', tag: '1' }],
    ['127.0.0.1:8080/demo/hello:1.0', { host: '127.0.0.1:8080', name: 'demo/hello', tag: '1.0' }],
    ['[::1]:5000/app', { host: '[::1]:5000', name: 'app' }],
    ['library/nginx', { name: 'library/nginx' }],
    ['nginx:1.27', { name: 'nginx', tag: '1.27' }],
    [`K8S.GCR.IO/pause:3.9@${DIGEST}`, { host: 'k8s.gcr.io', name: 'pause', tag: '3.9', digest: DIGEST }],
    [`a.b/c/d/e@${DIGEST}`, { host: 'a.b', name: 'c/d/e', digest: DIGEST }],
  ])('reads %s', (text, expected) => {
    const reference = parseReference(text)
    expect(reference).toEqual(expected)
    expect(parseReference(formatReference(reference))).toEqual(reference)
  })

  it.each([
    ['', 'repository name'],
    ['Nginx', 'repository name'],
    ['a.b/', 'repository name'],
    ['a.b/c:', 'tag'],
    ['a.b/c:-x', 'tag'],
    ['a.b/c@sha256:12', 'digest'],
    ['a_b.c/d', 'host'],
    ['a.b:port/d', 'host'],
    ['https://a.b/c', 'begins with "https://"'],
  ])('refuses %j because of its %s', (text, part) => {
    expect(() => parseReference(text)).toThrow(part)
  })
})
