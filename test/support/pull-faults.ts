import type { Instead } from './pull-world.ts'

/** A page for people, as a filter shows it. */
export const page: Instead = (_, response) => {
  response.writeHead(403, { 'Content-Type': 'text/html' }).end('<html>blocked</html>')
  return true
}

/** Too many requests. */
export const limited: Instead = (_, response) => {
  response.writeHead(429, { 'Retry-After': '1' }).end()
  return true
}

/** The beginning of a blob, and then no more. */
export const cut: Instead = (_, response) => {
  response.writeHead(200, { 'Content-Length': 614_400 })
  response.write(Buffer.alloc(1000), () => response.destroy())
  return true
}

/** As many bytes as there should be, and others. */
export const other: Instead = (_, response) => {
  response.writeHead(200, { 'Content-Length': 614_400 }).end(Buffer.alloc(614_400, 'x'))
  return true
}
