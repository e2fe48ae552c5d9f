declare const brand: unique symbol

/** A repository name that obeys the OCI grammar, such as `kube-apiserver` or `coredns/coredns`. */
export type Name = string & { readonly [brand]: 'name' }

/** A tag that obeys the OCI grammar. */
export type Tag = string & { readonly [brand]: 'tag' }

/** OCI distribution spec 1.1, "Pulling manifests": `<name>`, and the 255 characters that clients hold to. */
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const NAME_MAX = 255
/** OCI distribution spec 1.1, "Pulling manifests": `<reference>` as a tag. */
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
/** The referrers fallback tag (OCI distribution spec 1.1, "Referrers Tag Schema") and cosign's three suffixes. */
const SIGNATURE_TAG = /^sha(?:256-[a-f0-9]{64}|512-[a-f0-9]{64,128})(?:\.(?:sig|att|sbom))?$/

/** Reads a repository name; `undefined` when it breaks the grammar or is longer than 255 characters. */
export function parseName(text: string): Name | undefined {
  return text.length <= NAME_MAX && NAME.test(text) ? (text as Name) : undefined
}

/** Reads a tag; `undefined` when it breaks the grammar. */
export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined
}

/** Whether a tag is one under which signatures, attestations, SBOMs or referrers of another manifest are kept. */
export function isSignatureTag(tag: string): boolean {
  return tag.charCodeAt(0) === 115 /* s */ && SIGNATURE_TAG.test(tag)
}
