import type { PortolanError } from '../errors.ts'
import { parseDigest } from '../oci/digest.ts'
import { isSignatureTag } from '../oci/name.ts'
import type { MissingContent } from './form.ts'

/** Content by its digest, or an image or a repository by its name. */
export type Lacking = Pick<MissingContent, 'digest' | 'name'>

/**
 * Says of an error what it means for a bundle: content is `missing` when it is known that there is none, or that it is
 * another one; `refused` when whoever has it does not give it out; and `unknown` when nobody could be asked, or when
 * only whether there are signatures was refused: many registries refuse that to those who may pull.
 */
export function missingOf(
  about: Lacking,
  { code, message, facts }: PortolanError,
  isLookup: boolean = isLookupOf(facts, message),
): MissingContent {
  return {
    ...(isLookup ? askedAbout(about, facts) : lackingOf(about, facts)),
    why: whyOf(code, isLookup),
    message,
  }
}

/** What nobody can tell more of: an image, or a tag that may be a signature. */
function askedAbout({ name }: Lacking, { reference }: PortolanError['facts']): Lacking {
  if (name === undefined || typeof reference !== 'string') return name === undefined ? {} : { name }
  return { name: `${name}${parseDigest(reference) === undefined ? ':' : '@'}${reference}` }
}

function lackingOf({ digest, name }: Lacking, facts: PortolanError['facts']): Lacking {
  const stated = digest ?? parseDigest(`${facts.digest ?? facts.reference ?? ''}`)
  if (stated !== undefined) return { digest: stated }
  return name === undefined ? {} : { name }
}

function whyOf(code: PortolanError['code'], isLookup: boolean): MissingContent['why'] {
  if (code === 'CONTENT_INVALID') return 'missing'
  return code === 'ACCESS_DENIED' && !isLookup ? 'refused' : 'unknown'
}

/** Whether what went wrong is a question for what there is about an image, not for the image itself. */
function isLookupOf({ reference }: PortolanError['facts'], message: string): boolean {
  return (
    /the (?:referrers|tags) of /.test(message) || (typeof reference === 'string' && isSignatureTag(reference))
  )
}
