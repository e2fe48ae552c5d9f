import { parentPort, workerData } from 'node:worker_threads'
import { parseConfig } from '../../config/parse.ts'
import type { ParseReply, ParseRequest } from './parse-in-worker.ts'

// The thread that reads one config: takes a request, posts a reply, and is done.

const { text, options } = workerData as ParseRequest
const parsed = parseConfig(text, options)
const reply: ParseReply = 'config' in parsed ? { json: JSON.stringify(parsed) } : parsed
parentPort!.postMessage(reply)
