import type { PortolanError } from '../../errors.ts'

/** Gives the headers that say who asks. */
export type Authorize = (url: string) => Promise<Record<string, string>>

/** Nobody, as emulators want it. */
export const anonymous: Authorize = async () => ({})

/** The Application Default Credentials of Google's SDK, which is loaded for the first request. */
export function defaultCredentials(refused: () => PortolanError): Authorize {
  let storage: Promise<{ authClient: { getRequestHeaders(url: string): Promise<Headers> } }> | undefined
  return async (url) => {
    storage ??= import('@google-cloud/storage').then(({ Storage }) => new Storage())
    try {
      return Object.fromEntries(await (await storage).authClient.getRequestHeaders(url))
    } catch {
      throw refused()
    }
  }
}
