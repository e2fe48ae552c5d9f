export type { Listener, ListenOptions, TlsIdentity } from './adapters/listener.ts'
export { createDoorRuntime } from './adapters/node/door-runtime.ts'
export { listen } from './adapters/node/listen.ts'
export { createNodeHandler, type NodeHandler } from './adapters/node/node-handler.ts'
