export { createWorkerRuntime, type WorkerRuntimeOptions } from './adapters/workers/runtime.ts'
