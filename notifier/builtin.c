/* The built-in templates: the bytes of notifier/templates, at build time. */
#include "notifier/templates_internal.h"

#define INCLUDE(name, file)                                                    \
	__asm__(".pushsection .rodata\n"                                       \
		".global " name "\n" name ":\n"                                \
		".incbin \"" file "\"\n"                                       \
		".global " name "_end\n" name "_end:\n"                        \
		".popsection\n")

INCLUDE("templates_ru", "notifier/templates/ru.txt");
INCLUDE("templates_en", "notifier/templates/en.txt");
extern const char templates_ru[], templates_ru_end[];
extern const char templates_en[], templates_en_end[];

const struct builtin templates_builtin[LANGS] = {
	[LANG_RU] = { "ru.txt", templates_ru, templates_ru_end },
	[LANG_EN] = { "en.txt", templates_en, templates_en_end },
};
