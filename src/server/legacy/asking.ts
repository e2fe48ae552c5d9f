import type { Client } from '../../routing/locate.ts'
import type { ParsedRequest } from '../../routing/parse-request.ts'
import type { DoorRequest } from '../request.ts'

/** A request by an old name, as the door has read it. */
export interface Asking {
  readonly sender: DoorRequest
  readonly parsed: ParsedRequest & { kind: 'oci' }
  readonly client: Client
}
