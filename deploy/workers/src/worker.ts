// The door as a Cloudflare Worker; README.md says how it gets there, and what may be changed here.
import { env, waitUntil } from 'cloudflare:workers'
import { createWorkerDoor } from 'portolan/workers'
import config from '../portolan.yaml'

export default createWorkerDoor({
  config,
  // What ${NAME} in the config stands for: vars and secrets of the worker.
  environment: env,
  // Without this binding in wrangler.jsonc there is none, and each isolate checks by itself.
  kv: env.PORTOLAN,
  waitUntil,
  accessLog: env.ACCESS_LOG === 'on',
})
