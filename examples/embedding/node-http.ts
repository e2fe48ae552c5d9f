// A door in a server of your own: everything else that the server does, it goes on doing.
import { createServer, type Server } from 'node:http'
import { type Config, createPortolan } from 'portolan'
import { createDoorRuntime, createNodeHandler } from 'portolan/node'

export async function startServer(config: Config, port: number): Promise<Server> {
  const portolan = await createPortolan(config, createDoorRuntime())
  const door = createNodeHandler(portolan.door, (error) => console.error(error))
  const server = createServer((request, response) => {
    if (request.url === '/hello') response.end('hello')
    else door(request, response)
  })
  server.on('close', () => portolan[Symbol.asyncDispose]())
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}
