<?php
// The API with PHP 8 and no package: see README.md beside this file.
declare(strict_types=1);

// post returns the answer as text. A call with the same key has no second effect.
function post(string $path, string $key, array $body): string
{
    $headers = ['Authorization: Bearer ' . getenv('MOREPAY_KEY'), "Idempotency-Key: $key", 'Content-Type: application/json'];
    $context = stream_context_create(['http' => [
        'method' => 'POST', 'header' => $headers, 'content' => json_encode($body, JSON_THROW_ON_ERROR), 'timeout' => 10, 'ignore_errors' => true,
    ]]);
    $text = file_get_contents(getenv('MOREPAY_ORIGIN') . $path, false, $context);
    if ($text === false || !preg_match('~^HTTP/\S+ 2~', $http_response_header[0])) {
        throw new RuntimeException(implode(', ', $http_response_header ?? ['no answer']) . ": $text");
    }
    return $text;
}

// verify fails unless a message is signed with our secret, and new. $body holds the bytes that came.
function verify(string $body, string $id, string $timestamp, string $signatures): void
{
    if (abs(time() - (int) $timestamp) > 300) {
        throw new RuntimeException('too old');
    }
    $secret = base64_decode(substr(getenv('MOREPAY_WEBHOOK_SECRET'), strlen('whsec_')), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $secret, true));
    foreach (explode(' ', $signatures) as $signature) {
        if (hash_equals($expected, $signature)) {
            return;
        }
    }
    throw new RuntimeException('not signed with our secret');
}

try {
    switch ($argv[1]) {
        case 'session':
            echo post('/v1/sessions', "order-$argv[2]", [
                'merchant_reference' => $argv[2], 'amount' => ['currency' => 'CNY', 'value' => 5980],
                'description' => 'Enamel mug', 'return_url' => getenv('RETURN_URL'),
            ]);
            break;
        case 'refund':
            echo post('/v1/sessions/' . rawurlencode($argv[2]) . '/refunds', "refund-$argv[3]", [
                'merchant_reference' => $argv[3], 'amount' => ['currency' => 'CNY', 'value' => (int) $argv[4]],
            ]);
            break;
        case 'webhook':
            $body = stream_get_contents(STDIN);
            verify($body, getenv('WEBHOOK_ID'), getenv('WEBHOOK_TIMESTAMP'), getenv('WEBHOOK_SIGNATURE'));
            echo $body;
    }
} catch (RuntimeException $problem) {
    fwrite(STDERR, $problem->getMessage() . "\n");
    exit(1);
}
