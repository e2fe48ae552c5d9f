import { isPage } from './advice.ts'

/** What is seen of an answer before a library makes something else of it. */
export interface RawAnswer {
  readonly status: number
  readonly contentType: string | null | undefined
  readonly contentLength: string | null | undefined
  /** Whether an object was asked for, which may be of any type. */
  readonly isObject: boolean
}

/** Thrown for a page where an answer should be: some libraries take it for an empty list, or for "done". */
export class PageAnswer extends Error {
  override readonly name = 'PageAnswer'
  readonly status: number

  constructor(status: number) {
    super('answered with a page')
    this.status = status
  }
}

/** Throws a {@link PageAnswer} for a page: also in place of an object, when nobody says how long it is, as of what is made on the fly. */
export function refusePage({ status, contentType, contentLength, isObject }: RawAnswer): void {
  const isMade = contentLength === null || contentLength === undefined
  if (status < 300 && isPage(contentType) && (!isObject || isMade)) throw new PageAnswer(status)
}
