/** Keys whose strings a shell runs: in pipelines, pods, playbooks, cloud-init, Terraform. */
const SCRIPTS =
  /^(?:run|script|scripts|before_script|after_script|before_install|install|after_success|bash|sh|shell|win_shell|cmd|command|commands|args|argv|entrypoint|exec|execstart\w*|raw|pwsh|powershell|runcmd|bootcmd|inline|(?:pre|post)\w*commands?|user[_-]?data|startup[_-]?script|custom_?data|additionaluserdata)$/i

/** What is said to people, and patterns that are looked for: several words there are no commands. */
const PROSE = new Set(
  (
    'name description displayname title message msg summary text note notes comment comments help usage reason ' +
    'changelog if when rules regexp regex pattern search_string fail_msg success_msg changes readme'
  ).split(' '),
)

/** Whether a shell runs what stands under a key; that of a module may be written with its collection. */
export function isScriptKey(key: string): boolean {
  return SCRIPTS.test(key.slice(key.lastIndexOf('.') + 1))
}

/** Whether what stands under a key is said to people. */
export function isProseKey(key: string): boolean {
  return PROSE.has(key.slice(key.lastIndexOf('.') + 1).toLowerCase())
}
