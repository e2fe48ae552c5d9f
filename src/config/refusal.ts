/** Why a value cannot be taken: what is allowed instead, in words that follow the value. */
export interface Refusal {
  readonly refused: string
}

export function refused(message: string): Refusal {
  return { refused: message }
}

/** Whether a reader refused. */
export function isRefusal(read: unknown): read is Refusal {
  return typeof read === 'object' && read !== null && 'refused' in read
}
