# What every target is compiled with.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_definitions(_GNU_SOURCE)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Off unless asked for: a compiler that knows more warnings must not keep a packager from building.
option(WT_WERROR "treat warnings as errors" OFF)
add_compile_options(
  -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wwrite-strings -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough
  -Wdouble-promotion -fno-common -fstack-protector-strong)
if(WT_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()

# Where the machine has no atomic bytes (riscv64) they are in a library of the compiler's.
include(CheckCSourceCompiles)
set(wt_atomic_bytes "#include <stdatomic.h>
  #include <stdbool.h>
  int main(void) { atomic_bool flag = false; return atomic_exchange(&flag, true); }")
check_c_source_compiles("${wt_atomic_bytes}" WT_HAS_ATOMIC_BYTES)
set(WT_PRIVATE_LIBS "-pthread -lm") # what a program linked with libwiretape.a needs
if(NOT WT_HAS_ATOMIC_BYTES)
  link_libraries(atomic)
  string(APPEND WT_PRIVATE_LIBS " -latomic")
endif()

set(WT_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined or thread")
if(WT_SANITIZE)
  add_compile_options(-fsanitize=${WT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WT_SANITIZE})
endif()
