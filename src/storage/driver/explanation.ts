const EXPLANATION_MAX = 240

/**
 * What a service says in its own words, fit for a message: one line, not too long, and without what could be a key, a
 * signature or a token. `undefined` when it says nothing.
 */
export function explanationOf(text: string | undefined): string | undefined {
  const words = (text ?? '')
    .replace(/[\p{C}\s]+/gu, ' ')
    // The longest word of any language of services is shorter, and no credential is.
    .replace(/[\w+/=%~-]{32,}/g, '…')
    .replace(/\?\S*(?:sig|signature|token|upload_id)=\S+/gi, '?…')
    .trim()
  if (words === '') return undefined
  return words.length > EXPLANATION_MAX ? `${words.slice(0, EXPLANATION_MAX)}…` : words
}
