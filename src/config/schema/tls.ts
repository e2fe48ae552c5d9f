import { z } from 'zod'
import { file } from './values.ts'

/** By what a listener speaks TLS. */
export const tlsSchema = z.strictObject({
  certificate: file().describe(
    'File of the certificate (PEM), and after it those that lead to its authority. Read again when it changes.',
  ),
  key: file().describe('File of its private key (PEM), without a passphrase.'),
  clientCA: file()
    .optional()
    .describe('File of authorities (PEM): clients without a certificate of one of them are not let in.'),
})
