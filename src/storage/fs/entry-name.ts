import type { Descriptor } from '../../oci/manifest.ts'
import { type Name, parseTag, type Tag } from '../../oci/name.ts'
import { parseReference, type Reference } from '../../oci/reference.ts'

/** How an entry of `index.json` is called; one that is pinned by digest has no tag. */
export interface EntryName {
  readonly name: Name
  readonly tag: Tag | undefined
}

const CONTAINERD_NAME = 'io.containerd.image.name'
const REF_NAME = 'org.opencontainers.image.ref.name'

/** The name and tag of an entry in a layout of many repositories. */
export function fullName(descriptor: Descriptor): EntryName | undefined {
  const reference = referenceOf(nameOf(descriptor))
  if (reference === undefined) return undefined
  // A single word is more likely the tag alone (`skopeo copy … oci:FOLDER:TAG`) than a name without one.
  if (reference.tag === undefined && reference.digest !== descriptor.digest) return undefined
  return { name: reference.name, tag: reference.tag }
}

/** The tag of an entry in a layout that is one repository: most tools write the tag alone, some the whole name. */
export function tagOf({ annotations }: Descriptor): Tag | undefined {
  const text = annotations?.[REF_NAME] ?? annotations?.[CONTAINERD_NAME]
  return text === undefined ? undefined : (parseTag(text) ?? referenceOf(text)?.tag)
}

/** containerd writes a full reference under its own key, and beside it the tag alone under the OCI's. */
export function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[CONTAINERD_NAME] ?? annotations?.[REF_NAME]
}

function referenceOf(text: string | undefined): Reference | undefined {
  if (text === undefined) return undefined
  try {
    return parseReference(text)
  } catch {
    return undefined
  }
}

/** What to say of an entry's name in a warning. */
export function describeName(descriptor: Descriptor): string {
  const text = nameOf(descriptor)
  return text === undefined ? `it has no ${REF_NAME}` : `its name is ${JSON.stringify(text)}`
}
