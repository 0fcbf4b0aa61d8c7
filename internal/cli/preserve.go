package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/transfer"
)

// preserveFlag says what of files is kept beside their bytes.
type preserveFlag transfer.Preserve

func (f *preserveFlag) addFlag(cmd *cobra.Command) {
	flag := cmd.Flags().VarPF(f, "preserve", "", "keep mtime, mode, symlinks and empty-dirs, or those of them that are listed")
	flag.NoOptDefVal = "all"
}

func (f *preserveFlag) String() string {
	var names []string
	for _, p := range f.parts() {
		if *p.on {
			names = append(names, p.name)
		}
	}
	return strings.Join(names, ",")
}

// Type is what --help shows for the value.
func (f *preserveFlag) Type() string { return "list" }

type preservePart struct {
	name string
	on   *bool
}

func (f *preserveFlag) parts() []preservePart {
	return []preservePart{{"mtime", &f.ModTime}, {"mode", &f.Mode}, {"symlinks", &f.Symlinks}, {"empty-dirs", &f.EmptyDirs}}
}

func (f *preserveFlag) Set(s string) error {
next:
	for name := range strings.SplitSeq(s, ",") {
		for _, p := range f.parts() {
			if name == p.name || name == "all" {
				*p.on = true
				if name == p.name {
					continue next
				}
			}
		}
		if name != "all" {
			return fmt.Errorf("%q cannot be preserved: choose from mtime, mode, symlinks, empty-dirs and all", name)
		}
	}
	return nil
}
