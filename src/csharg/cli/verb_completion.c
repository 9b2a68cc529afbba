/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "csharg/cli/complete.h"

/* All of them run "csharg __complete WORD...", so that they need not know any command, and complete
 * names of files where it prints COMPLETE_FILES. */
static const char bash_script[] =
	"# bash completion of csharg: source <(csharg completion bash)\n"
	"_csharg() {\n"
	"\tlocal line word words\n"
	"\tCOMPREPLY=()\n"
	"\tread -ra words <<<\"${COMP_LINE:0:COMP_POINT}\"\n"
	"\tword=\n"
	"\t[[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] || { word=${words[-1]}; unset "
	"'words[-1]'; }\n"
	"\tlocal candidates\n"
	"\tcandidates=$(\"${words[0]}\" __complete \"${words[@]:1}\" \"$word\" 2>/dev/null)\n"
	"\t[[ $candidates != " COMPLETE_FILES " ]] || { compopt -o default; return; }\n"
	"\t# bash completes what is behind the last of its word breaks only\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} before\n"
	"\t[[ $current == [=:] ]] && current=\n"
	"\tbefore=${word%\"$current\"}\n"
	"\twhile IFS= read -r line; do\n"
	"\t\t[[ -z $line ]] || COMPREPLY+=(\"$(printf %q \"${line#\"$before\"}\")\")\n"
	"\tdone <<<\"$candidates\"\n"
	"\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
	"}\n"
	"complete -F _csharg csharg\n";

static const char zsh_script[] =
	"#compdef csharg\n"
	"# zsh completion of csharg: source <(csharg completion zsh)\n"
	"_csharg() {\n"
	"\tlocal -a candidates\n"
	"\tcandidates=(${(f)\"$(${words[1]} __complete ${(Q)words[2,CURRENT-1]} "
	"\"${(Q)words[CURRENT]}\" 2>/dev/null)\"})\n"
	"\tif [[ $candidates == " COMPLETE_FILES " ]]; then\n"
	"\t\t_files\n"
	"\telif (( $#candidates )); then\n"
	"\t\tcompadd -- $candidates\n"
	"\tfi\n"
	"}\n"
	"if [[ $funcstack[1] == _csharg ]]; then\n"
	"\t_csharg \"$@\"\n"
	"else\n"
	"\tcompdef _csharg csharg\n"
	"fi\n";

static const char fish_script[] =
	"# fish completion of csharg: csharg completion fish | source\n"
	"function __csharg_complete\n"
	"\tset -l before (commandline -opc)\n"
	"\tset -l candidates (command $before[1] __complete $before[2..-1] (commandline -ct) "
	"2>/dev/null)\n"
	"\tif test \"$candidates\" = " COMPLETE_FILES "\n"
	"\t\t__fish_complete_path (commandline -ct)\n"
	"\telse\n"
	"\t\tprintf '%s\\n' $candidates\n"
	"\tend\n"
	"end\n"
	"complete -c csharg -f -a '(__csharg_complete)'\n";

static const char powershell_script[] =
	"# PowerShell completion of csharg: csharg completion powershell | Out-String | "
	"Invoke-Expression\n"
	"Register-ArgumentCompleter -Native -CommandName csharg -ScriptBlock {\n"
	"\tparam($wordToComplete, $commandAst, $cursorPosition)\n"
	"\t$words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt "
	"$cursorPosition } |\n"
	"\t\tForEach-Object { if ($_.Value) { $_.Value } else { $_.Extent.Text } })\n"
	"\t$before = @($words | Select-Object -Skip 1)\n"
	"\t$last = if ($wordToComplete) { $wordToComplete } else { '\"\"' }\n"
	"\tif (-not $wordToComplete -and $PSNativeCommandArgumentPassing -ne 'Legacy') { $last = "
	"'' "
	"}\n"
	"\t& $words[0] __complete @before $last 2>$null | Where-Object { $_ -ne '" COMPLETE_FILES
	"' } | ForEach-Object {\n"
	"\t\t[System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)\n"
	"\t}\n"
	"}\n";

static const struct {
	const char *shell, *script;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script},
	{"powershell", powershell_script}};

int verb_completion(const struct call *call, struct err *e)
{
	const char *shell = call->args[0];

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		if (strcmp(scripts[i].shell, shell) == 0)
			return command_print(scripts[i].script, strlen(scripts[i].script), e);
	return err_set(e, -EINVAL, "there is no completion for \"%.100s\"", shell);
}
