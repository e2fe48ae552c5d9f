import { describe, expect, it } from 'vitest'
import { isTomlFault, readTomlDocument } from './toml-document.ts'

const TEXT = `version = 2
imports = ["/a"]

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/x" # [not.a.header]
[host.'https://a.example']
  capabilities = [
    "pull",
  ]
[[registry]]
location = "one"
[[registry.mirror]]
location = "a"
[[registry.mirror]]
location = "b"
[[registry]]
location = "two"
[[registry.mirror]]
location = "c"
inline = { a = 1 }
`

describe('a line of a TOML text', () => {
  it.each<[(string | number)[], number]>([
    [['version'], 1],
    [['plugins'], 4],
    [['plugins', 'io.containerd.grpc.v1.cri', 'registry', 'config_path'], 5],
    [['host', 'https://a.example', 'capabilities'], 7],
    [['registry', 0, 'location'], 11],
    [['registry', 0, 'mirror', 1, 'location'], 15],
    [['registry', 1], 16],
    [['registry', 1, 'mirror', 0, 'location'], 19],
    [['registry', 1, 'mirror', 0, 'inline', 'a'], 20],
    [['nothing'], 1],
  ])('of %j is %i', (path, line) => {
    const document = readTomlDocument(TEXT)
    expect(!isTomlFault(document) && document.line(path)).toBe(line)
  })

  it('is told of a text that is no TOML', () => {
    expect(readTomlDocument('a = 1\nb = [\n')).toMatchObject({ line: expect.any(Number) })
    expect(readTomlDocument('[a]\nb = 1\n[a]\n')).toEqual({ line: 3, reason: expect.any(String) })
    expect(readTomlDocument(`a = ${'['.repeat(100_000)}`)).toMatchObject({ reason: expect.any(String) })
  })
})
