import { z } from 'zod'
import { file, textThat } from './values.ts'

/** It becomes a part of a program's name, and must not lead out of PATH. */
const HELPER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

/** By what a mirror proves itself to an upstream: a login, or where to get one. No secret stands in it. */
export const credentialsSchema = z.strictObject({
  username: textThat('a user name without ":"', (value) => /^[^:\s]{1,255}$/.test(value))
    .optional()
    .describe('The user, where it is no secret.'),
  usernameFile: file()
    .optional()
    .describe('File that holds the user; relative to the folder of this file. Read again when it changes.'),
  passwordFile: file()
    .optional()
    .describe(
      'File that holds the password or token; relative to the folder of this file. Read again when it changes.',
    ),
  passwordVariable: textThat('the name of an environment variable, such as HUB_PASSWORD', (value) =>
    VARIABLE.test(value),
  )
    .optional()
    .describe('Name of the environment variable that holds the password or token.'),
  dockerConfig: file()
    .optional()
    .describe('File that "docker login" or "podman login" has written, helpers that it names included.'),
  helper: textThat('NAME of a program docker-credential-NAME, such as pass', (value) => HELPER.test(value))
    .optional()
    .describe('Credential helper: the program docker-credential-NAME on PATH.'),
  cloud: z
    .enum(['aws', 'azure', 'gcp'])
    .optional()
    .describe('Cloud whose identity of this machine is used: its own registries take it.'),
})
