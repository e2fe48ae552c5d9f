import { openBundleFolder } from '../../adapters/node/open-bundle-folder.ts'
import { checkSignature } from '../../bundle/bundle-signature.ts'
import { verifyBundle } from '../../bundle/verify-bundle.ts'
import { describeBundle } from '../bundle-import-report.ts'
import { readBundleKey } from '../bundle-key.ts'
import { commandRuntime } from '../command-runtime.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import type { BundleVerifyOptions } from './bundle-verify-spec.ts'

/** Reads a bundle, and says what is wrong with it; gives the exit code. */
export async function runBundleVerify(
  folder: string,
  { key: keyText, json }: BundleVerifyOptions,
): Promise<number> {
  const key = await readBundleKey(keyText)
  const bundle = await openBundleFolder(folder)
  if (key !== undefined) await checkSignature(bundle, key, folder)
  const verification = await verifyBundle(commandRuntime, bundle)
  const { images, assumed, missing } = bundle.index
  if (json) printJson({ ...verification, images, assumed, missing })
  else process.stdout.write(describeBundle(bundle.index, verification))
  return verification.faults.length === 0 ? EXIT.done : EXIT.failed
}
