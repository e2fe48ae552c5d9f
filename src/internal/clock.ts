/** Time as a parameter, so that a test turns the hands itself. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** What calendars say now, for people; it may go back. */
  date(): Date
  /** Calls back once after `milliseconds`; the returned function calls it off. */
  after(milliseconds: number, callback: () => void): () => void
}
