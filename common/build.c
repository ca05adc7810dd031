#include "common/build.h"

const char build_version[] = SLUICE_VERSION " (" SLUICE_BUILD ")";
const char build_id[] = SLUICE_BUILD;
