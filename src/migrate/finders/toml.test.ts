import { expect, it } from 'vitest'
import { readToml } from './toml.ts'

/** The strings of a text by their path, each checked to stand where it says. */
function strings(text: string): string[] {
  return readToml(text).strings.map(({ path, part }) => {
    if (!part.escaped) expect(text.slice(part.span.start, part.span.end)).toBe(part.value)
    return `${path.join('/')}=${part.value}`
  })
}

it.each([
  ['a = "x"', ['a=x']],
  ["a = 'x\\y'", ['a=x\\y']],
  ['a = "x\\u0041\\"y"', ['a=xA"y']],
  ['[t]\na = "x"\n[t.u]\nb = "y"', ['t/a=x', 't/u/b=y']],
  ['[plugins."io.containerd.grpc.v1.cri"]\n  a = "x" # "y"', ['plugins/io.containerd.grpc.v1.cri/a=x']],
  ['[[r]]\na = "x"\n[[r]]\na = "y"', ['r/a=x', 'r/a=y']],
  ['a.b."c.d" = "x"', ['a/b/c.d=x']],
  ['a = [ "x", # "n"\n  "y",\n]', ['a=x', 'a=y']],
  ['a = { b = "x", c = ["y"] }', ['a/b=x', 'a/c=y']],
  ['a = 1\nb = true\nc = 2023-04-03\nd = "x"', ['d=x']],
  ['a = """\nb = "n"\n"""\nc = "x"', ['c=x']],
  ['{{ if .A }}\na = "x"\n{{ else }}\n[t]\nb = "y"\n{{ end }}', ['a=x', 't/b=y']],
  ['a = "never closed\nb = "x"', ['b=x']],
  ['\uFEFFa = "x"\r\nb = "y"\r\n', ['a=x', 'b=y']],
])('reads %j', (text, expected) => {
  expect(strings(text)).toEqual(expected)
})

it('gives the keys of headers and of values with their tables', () => {
  const text = '[a."k8s.gcr.io"]\nb = 1'
  expect(
    readToml(text).keys.map(({ path, part }) => [path.join('/'), text.slice(part.span.start, part.span.end)]),
  ).toEqual([
    ['a', 'a'],
    ['a/k8s.gcr.io', 'k8s.gcr.io'],
    ['a/k8s.gcr.io/b', 'b'],
  ])
})
