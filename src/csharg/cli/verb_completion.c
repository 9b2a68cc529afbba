/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <string.h>

/* All of them ask "csharg __complete WORD...", so that they need not know any command. */
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
	"\t# bash completes what is behind the last of its word breaks only\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} before\n"
	"\t[[ $current == [=:] ]] && current=\n"
	"\tbefore=${word%\"$current\"}\n"
	"\twhile IFS= read -r line; do\n"
	"\t\t[[ -z $line ]] || COMPREPLY+=(\"$(printf %q \"${line#\"$before\"}\")\")\n"
	"\tdone <<<\"$candidates\"\n"
	"\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
	"}\n"
	"complete -o default -F _csharg csharg\n";

static const char zsh_script[] =
	"#compdef csharg\n"
	"# zsh completion of csharg: source <(csharg completion zsh)\n"
	"_csharg() {\n"
	"\tlocal -a candidates\n"
	"\tcandidates=(${(f)\"$(${words[1]} __complete ${(Q)words[2,CURRENT-1]} "
	"\"${(Q)words[CURRENT]}\" 2>/dev/null)\"})\n"
	"\tif (( $#candidates )); then\n"
	"\t\tcompadd -- $candidates\n"
	"\telse\n"
	"\t\t_files\n"
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
	"\tcommand $before[1] __complete $before[2..-1] (commandline -ct) 2>/dev/null\n"
	"end\n"
	"complete -c csharg -a '(__csharg_complete)'\n";

int verb_completion(const struct call *call, struct err *e)
{
	const char *shell = call->args[0];
	const char *script = strcmp(shell, "bash") == 0  ? bash_script
			     : strcmp(shell, "zsh") == 0 ? zsh_script
							 : fish_script;

	return command_print(script, strlen(script), e);
}
