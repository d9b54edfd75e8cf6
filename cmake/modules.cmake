# florin_add_module(NAME DEPS other modules LIBS outside libraries)
#
# Makes the static library florin::NAME from the folder's sources and, when there are *_test.cpp
# files, one test program NAME_test. migrations/*.sql become part of the library (see embed.cmake).
# NAME is the folder's path below src with dots for slashes: platform.sql, ledger.
function(florin_add_module NAME)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;TEST_DEPS" ${ARGN})
  string(REPLACE "." "_" target ${NAME})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fixture)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_(test|fixture)\\.cpp$")

  add_library(${target} STATIC ${sources})
  add_library(florin::${NAME} ALIAS ${target})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  florin_embed_migrations(${target} ${NAME})
  list(TRANSFORM ARG_DEPS PREPEND "florin::")
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_LIBS} Threads::Threads)

  if(tests)
    add_executable(${target}_test ${tests})
    list(TRANSFORM ARG_TEST_DEPS PREPEND "florin::")
    target_link_libraries(${target}_test PRIVATE ${target} ${ARG_TEST_DEPS} ${ARG_LIBS} florin_test_main)
    target_precompile_headers(${target}_test REUSE_FROM florin_test_main)
    add_test(NAME ${target} COMMAND ${target}_test)
    set_tests_properties(${target} PROPERTIES TIMEOUT 600)
  endif()
endfunction()
