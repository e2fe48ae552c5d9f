import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Issued } from '../../support/private-authority.ts'
import { makeTempFolder } from '../../support/temp.ts'

/** A folder as Kubernetes mounts a Secret: files are links into another folder, which is swapped whole. */
export interface SecretFolder extends AsyncDisposable {
  readonly certificate: string
  readonly key: string
  /** Puts another certificate and key in their place, at once. */
  swap(issued: Issued): Promise<void>
}

export async function makeSecretFolder(issued: Issued): Promise<SecretFolder> {
  const folder = await makeTempFolder()
  const at = (name: string) => join(folder.path, name)
  let version = 0

  async function swap({ certificate, key }: Issued): Promise<void> {
    const before = `..${version++}`
    const name = `..${version}`
    await mkdir(at(name))
    await writeFile(at(`${name}/tls.crt`), certificate)
    await writeFile(at(`${name}/tls.key`), key)
    await symlink(name, at('..data_tmp'))
    await rename(at('..data_tmp'), at('..data'))
    await rm(at(before), { recursive: true, force: true })
  }

  await swap(issued)
  for (const name of ['tls.crt', 'tls.key']) await symlink(`..data/${name}`, at(name))
  return {
    certificate: at('tls.crt'),
    key: at('tls.key'),
    swap,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
