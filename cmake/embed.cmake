# Files that travel inside the binary.

# florin_embed_file(TARGET SYMBOL FILE): gives `extern const char SYMBOL_begin[], SYMBOL_end[]`.
function(florin_embed_file TARGET SYMBOL FILE)
  set(asm ${CMAKE_CURRENT_BINARY_DIR}/${SYMBOL}.S)
  file(CONFIGURE OUTPUT ${asm} CONTENT
".section .rodata
.global ${SYMBOL}_begin
.global ${SYMBOL}_end
${SYMBOL}_begin:
.incbin \"${FILE}\"
${SYMBOL}_end:
.byte 0
.section .note.GNU-stack,\"\",%progbits
" @ONLY)
  set_source_files_properties(${asm} PROPERTIES OBJECT_DEPENDS ${FILE})
  target_sources(${TARGET} PRIVATE ${asm})
endfunction()

# Every migrations/NNNN_name.sql of a module becomes an entry of `florin::<module>::migrations()`, as it is written.
function(florin_embed_migrations TARGET NAME)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  if(NOT files)
    return()
  endif()
  list(SORT files)
  set(entries "")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    get_filename_component(stem ${file} NAME)
    string(REGEX REPLACE "\\.sql$" "" stem ${stem})
    string(APPEND entries "    {\"${NAME}\", \"${stem}\", R\"~~~~(${text})~~~~\"},\n")
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${TARGET}_migrations.cpp)
  file(CONFIGURE OUTPUT ${out} CONTENT
"#include \"platform/sql/migration.h\"

#include <array>
#include <span>

namespace florin::${NAME} {
namespace {
constexpr sql::Migration all[] = {
${entries}};
}  // namespace
std::span<const sql::Migration> migrations();
std::span<const sql::Migration> migrations() { return all; }
}  // namespace florin::${NAME}
" @ONLY)
  target_sources(${TARGET} PRIVATE ${out})
endfunction()
