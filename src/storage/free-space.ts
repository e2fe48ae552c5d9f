/** What is left on a disk. */
export interface FreeSpace {
  /** The same for all that lies on one disk. */
  readonly disk: string
  /** That this user may still write. */
  readonly bytes: number
}
