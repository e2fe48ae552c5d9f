import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../../test/support/node-files.ts'
import { readContainerdFiles } from './containerd-files.ts'

const paths = (texts: Record<string, string>) => {
  const { loaded, missing } = readContainerdFiles(memoryFiles(texts), '/etc/containerd/config.toml')
  return { loaded: loaded.map(({ path }) => path), missing }
}

describe('imports of containerd', () => {
  it('are patterns within a folder, relative names, and imports of imports', () => {
    expect(
      paths({
        '/etc/containerd/config.toml': 'imports = ["/etc/acme/*.toml", "more/x.toml"]',
        '/etc/containerd/more/x.toml': 'imports = ["../y.toml"]',
        '/etc/containerd/y.toml': '',
        '/etc/acme/b.toml': '',
        '/etc/acme/a.toml': '',
        '/etc/acme/a.conf': '',
        '/etc/acme/deep/c.toml': '',
      }).loaded,
    ).toEqual([
      '/etc/containerd/config.toml',
      '/etc/acme/a.toml',
      '/etc/acme/b.toml',
      '/etc/containerd/more/x.toml',
      '/etc/containerd/y.toml',
    ])
  })

  it('may go round in a circle, and a pattern may match nothing', () => {
    expect(
      paths({
        '/etc/containerd/config.toml': 'imports = ["a.toml", "conf.d/*.toml"]',
        '/etc/containerd/a.toml': 'imports = ["config.toml"]',
      }),
    ).toEqual({ loaded: ['/etc/containerd/config.toml', '/etc/containerd/a.toml'], missing: [] })
  })

  it('are missing where a name has no file', () => {
    expect(paths({ '/etc/containerd/config.toml': '\nimports = ["/a.toml"]' }).missing).toEqual([
      { from: '/etc/containerd/config.toml', line: 2, path: '/a.toml' },
    ])
  })
})
