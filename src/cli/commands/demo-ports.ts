import { PortolanError } from '../../errors.ts'

/** Says which options choose other ports, where one of the demo's is taken; throws whatever it is given. */
export function tellOfPorts(error: unknown): never {
  if (!(error instanceof PortolanError) || error.code !== 'LISTEN_FAILED') throw error
  const message = `${error.message}; --port and --admin-port choose others`
  throw new PortolanError(error.code, message, error.facts, error)
}
