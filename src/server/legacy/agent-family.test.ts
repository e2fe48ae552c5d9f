import { expect, test } from 'vitest'
import { agentFamily } from './agent-family.ts'

test.each([
  ['containerd/2.2.9', 'containerd'],
  [
    'docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24 \\(linux\\))',
    'docker',
  ],
  ['Docker-Client/20.10.24+dfsg1 (linux)', 'docker'],
  ['containers/5.23.1 (github.com/containers/image)', 'containers-image'],
  ['skopeo/1.9.3', 'skopeo'],
  ['Buildah/1.28.2', 'buildah'],
  ['cri-o/1.30.0 go/go1.22 os/linux arch/amd64', 'cri-o'],
  ['crane/v0.21.0 go-containerregistry/v0.21.0', 'crane'],
  ['cosign/v3.1.0 (linux; amd64) go-containerregistry/v0.21.0', 'cosign'],
  ['go-containerregistry/v0.15.2', 'go-containerregistry'],
  ['Helm/3.22.0', 'helm'],
  ['oras/1.3.0', 'oras'],
  ['regclient/regctl (v0.11.0)', 'regclient'],
  ['Mozilla/5.0 (X11; Linux x86_64)', 'browser'],
  ['curl/7.88.1', 'curl'],
  ['something else', 'other'],
  [`${'x'.repeat(300)} go-containerregistry`, 'other'],
  ['', 'none'],
  [undefined, 'none'],
])('%j is of the family %s', (header, family) => {
  expect(agentFamily(header)).toBe(family)
})
