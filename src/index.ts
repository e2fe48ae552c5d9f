export type { SharedChecks, SharedFindings, SharedPresence } from './backends/shared-findings.ts'
export type { Config } from './config/config.ts'
export type { ConfigFault } from './config/fault.ts'
export { loadConfig } from './config/load.ts'
export { type ParsedConfig, type ParseOptions, parseConfig } from './config/parse.ts'
export { type ErrorCode, PortolanError } from './errors.ts'
export type {
  ExplainedCandidate,
  ExplainedClient,
  ExplainedDecision,
  Explanation,
} from './routing/explanation.ts'
export type { Cancel, CreateHash, Fetch, Hash, HashAlgorithm, Runtime } from './runtime.ts'
export type { HealthRecord } from './server/check-backends.ts'
export { createPortolan, type Portolan, type PortolanOptions } from './server/compose.ts'
export type { Explainer, ExplainRequest } from './server/explainer.ts'
export type { Connection, FetchHandler } from './server/fetch-handler.ts'
export type { DoorReply } from './server/reply.ts'
export type { Door, DoorRequest } from './server/request.ts'
export type { DoorRuntime } from './server/runtime.ts'
export { type Log, silentLog } from './telemetry/log.ts'
