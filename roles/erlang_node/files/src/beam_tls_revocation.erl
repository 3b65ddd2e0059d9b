%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Which certificates a node refuses although a CA that it trusts has signed them: the option verify_fun of ssl for distribution,
%%
%%   {verify_fun, {fun beam_tls_revocation:verify/3, FILE}}
%%
%% FILE holds Erlang terms, and is read at each handshake, so that what is written there is in force at once:
%%
%%   {lists, Boolean}.      whether a certificate is refused where there is no current list of revoked ones of the CA that issued it
%%   {key, Digest}.         one for each revoked key: the SHA-256, as hexadecimal text, of the subjectPublicKey in its certificates
%%
%% Revoked keys work whoever signs. Lists are made by the private CA alone; the option crl_check of ssl, which holds certificates against them, is read when
%% the node starts, and so whether they are needed is said here. A file that cannot be read refuses every certificate.
-module(beam_tls_revocation).

-export([verify/3]).

%% @doc What ssl asks of a certificate in a chain (ssl, option verify_fun): the node's own, valid_peer, has to have a key that is not revoked. All that ssl
%% finds wrong stays wrong, but for the list that is missing where none is needed.
-spec verify(term(), Event, file:filename()) -> {valid, file:filename()} | {unknown, file:filename()} | {fail, term()} when
      Event :: {bad_cert, term()} | {extension, term()} | valid | valid_peer.
verify(_Certificate, {bad_cert, {revocation_status_undetermined, _}} = Fault, File) ->
    without_list(Fault, File);
verify(_Certificate, {bad_cert, revocation_status_undetermined} = Fault, File) ->
    without_list(Fault, File);
verify(_Certificate, {bad_cert, _} = Fault, _File) ->
    {fail, Fault};
verify(_Certificate, {extension, _}, File) ->
    {unknown, File};
verify(_Certificate, valid, File) ->
    {valid, File};
verify(Certificate, valid_peer, File) ->
    case read(File) of
        {ok, _Lists, Keys} ->
            case lists:member(digest(Certificate), Keys) of
                true -> {fail, {bad_cert, {revoked, keyCompromise}}};
                false -> {valid, File}
            end;
        error ->
            {fail, {bad_cert, {revocation_status_undetermined, {unusable_file, File}}}}
    end.

without_list(Fault, File) ->
    case read(File) of
        {ok, false, _Keys} -> {valid, File};
        _ -> {fail, Fault}
    end.

read(File) ->
    case beam_tls_terms:consult(File) of
        {ok, [{lists, Lists} | Terms]} when is_boolean(Lists) ->
            Keys = [Key || {key, Key} <- Terms, length(Key) =:= 64],
            case length(Keys) =:= length(Terms) of
                true -> {ok, Lists, Keys};
                false -> error
            end;
        _ ->
            error
    end.

%% The records of public_key are tuples here, as its header file is a package of its own on some systems.
digest(Certificate) ->
    'OTPCertificate' = element(1, Certificate),
    {'OTPSubjectPublicKeyInfo', _Algorithm, Key} = element(8, element(2, Certificate)),
    lists:flatten([io_lib:format("~2.16.0b", [Byte]) || Byte <- binary_to_list(crypto:hash(sha256, bits(Key)))]).

bits({'ECPoint', Point}) -> Point;
bits(Key) when element(1, Key) =:= 'RSAPublicKey' -> public_key:der_encode('RSAPublicKey', Key).
