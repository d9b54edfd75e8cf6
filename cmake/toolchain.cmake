# Compiler, warnings, sanitizers, and the tools that make a build quick when they are installed.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # Precompiled headers carry time stamps; without this ccache would never hit on the tests.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
                    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -fpch-preprocess)

# GCC 12 reports these inside its own std::string and std::optional (GCC bugs 105329, 105562, 80635).
add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)

if(FLORIN_SANITIZE)
  add_compile_options(-fsanitize=${FLORIN_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FLORIN_SANITIZE})
endif()

find_package(Threads REQUIRED)
