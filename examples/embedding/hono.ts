// A door in a Hono app, on Node. Hono takes a URL apart before anyone sees it, so the raw target comes from node:http.

import type { HttpBindings } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { type Config, createPortolan } from 'portolan'
import { createDoorRuntime } from 'portolan/node'

export async function createApp(config: Config): Promise<Hono<{ Bindings: HttpBindings }>> {
  const portolan = await createPortolan(config, createDoorRuntime())
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.get('/hello', (context) => context.text('hello'))
  app.all('*', (context) =>
    portolan.fetch(context.req.raw, {
      peer: getConnInfo(context).remote.address ?? '',
      rawTarget: context.env.incoming.url ?? '/',
    }),
  )
  return app
}
